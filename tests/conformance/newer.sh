# For other scripts: `newer_environment FOLDER` makes FOLDER/.venv, of a newer Python than ours, with its locked packages.

newer_environment() {
    if [ -e "$1/.venv/.installed" ]; then return; fi
    # One that is called python3.12 may only stand for others that are not chosen here.
    local newer
    for newer in python3.12 python3.13 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[23]*/bin/python3; do
        if "$newer" -c '' 2>/dev/null; then break; fi
    done
    "$newer" -m venv "$1/.venv"
    "$1/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$1/requirements.lock"
    touch "$1/.venv/.installed"
}
