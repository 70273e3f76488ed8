# Sourced by ./demo and ./check: the Debian 12 packages each needs, and their installation.
# shellcheck shell=bash disable=SC2034

build_packages=(
  cmake ninja-build g++ pkg-config
  libev-dev libcli11-dev libyaml-cpp-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libpugixml-dev
  libjs-chart.js libsystemd-dev libncurses-dev libboost-dev prometheus-cpp-dev
  libgtest-dev libbenchmark-dev
)
demo_packages=("${build_packages[@]}" iproute2 iputils-ping procps)
firmware_packages=(gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib python3)
firmware_demo_packages=("${build_packages[@]}" "${firmware_packages[@]}" qemu-system-arm)
check_packages=(
  "${demo_packages[@]}" "${firmware_packages[@]}"
  ccache qemu-system-arm clang-format liblwip-dev tcpdump tshark ethtool util-linux systemd
  dnsmasq-base nginx-light nmap spin patch git perl python3-junitparser python3-locust tmux chromium
  python3-jsonschema python3-yaml dpkg-dev lintian systemd-container curl prometheus
  scdoc man-db zsh fish
)
long_packages=(clang libclang-rt-14-dev gcovr debootstrap)
bench_packages=("${demo_packages[@]}" python3 liblwip-dev iperf3 tcpdump)

# One line of those that are not installed.
list_missing() {
  local package missing=()
  for package in "$@"; do
    case "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" in
      installed) ;;
      *) missing+=("$package") ;;
    esac
  done
  echo "${missing[*]}"
}

# Says which of the packages are missing, then installs them.
install_missing() {
  local missing service absent
  read -ra absent <<<"$(list_missing nginx prometheus)"
  read -ra missing <<<"$(list_missing "$@")"
  if [ "${#missing[@]}" -eq 0 ]; then
    echo "All ${#} packages needed are installed."
    return
  fi
  echo "Installing with apt-get: ${missing[*]}"
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive \
    apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null || return
  # Debian starts these servers as soon as they are installed; ours only ever run in the namespace
  # of a test.
  for service in "${absent[@]}"; do
    if [ -z "$(list_missing "$service")" ]; then
      systemctl --quiet disable --now "$service" 2>/dev/null || true
    fi
  done
}

# The user who called sudo goes on owning what was built.
give_back() {
  if [ -n "${SUDO_UID:-}" ] && [ "$#" -gt 0 ]; then
    chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$@"
  fi
}

need_root() {
  if [ "$(id -u)" -ne 0 ]; then
    echo "$1 needs root for packages and network namespaces: run it as  sudo ./$1" >&2
    exit 2
  fi
}
