# Chromium, and Node.js to drive it, for the tests of the viewer. The tests start
# it themselves.
variables=(SPOR_CHROMIUM)
packages=()
command -v chromium >/dev/null || packages+=(chromium fonts-dejavu-core)
command -v node >/dev/null || packages+=(nodejs)
command -v npm >/dev/null || packages+=(npm)

installed() { have chromium node npm; }
start() { :; }
answers() { chromium --version; }
stop() { :; }
exports() { :; }
