#!/bin/sh
# Runs in the guest as staging-vm.service, from the job disk at /job, once the boot has settled.
control=/job/control

say() { echo "staging-vm: $*" >/dev/ttyS0; }

# A forced power-off: the disk is read afterwards, and an orderly shutdown would only cost time.
finish() {
  dmesg >"$control/dmesg.log" 2>&1
  systemctl list-units --failed --no-legend >"$control/failed-units.log" 2>&1
  sync
  systemctl poweroff --force --force
  exit 0
}

systemctl is-system-running --wait >"$control/system-state" 2>&1
if [ -e "$control/guest-setup" ]; then
  if ! sh "$control/guest-setup" >"$control/guest-setup.log" 2>&1; then
    say 'guest setup failed'
    cat "$control/guest-setup.log" >/dev/ttyS0
    finish
  fi
fi

: >"$control/output.log"
stty -F /dev/ttyS1 raw -echo 2>/dev/null
# The file keeps the output when the serial line is lost with the VM.
tail -n +1 -f "$control/output.log" >/dev/ttyS1 2>/dev/null &
shown=$!
say 'command starts'
sh "$control/command.sh" </dev/null >>"$control/output.log" 2>&1
echo $? >"$control/result.new"
sleep 1
kill "$shown" 2>/dev/null
mv "$control/result.new" "$control/result"
say 'command ended'
finish
