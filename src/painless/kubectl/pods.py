"""Which Pod of the controller is meant, and what it was started with."""

from msgspec import Struct

from painless.kubectl.calls import Kubectl, KubectlFailed, Object, at, some

SELECTOR = "app.kubernetes.io/name=painless"
CONTAINER = "controller"


class Choice(Struct, frozen=True):
    """What flags say about the Pod; all empty means any of the controller's."""

    pod: str = ""
    deployment: str = ""
    selector: str = ""
    container: str = CONTAINER


def choose(kubectl: Kubectl, choice: Choice) -> Object:
    """Return the Pod that is meant: one that is ready, if there is one."""
    if choice.pod:
        (found,) = kubectl.get("pod", choice.pod)
        return found
    selector = choice.selector or SELECTOR
    if choice.deployment:
        (deployment,) = kubectl.get("deployment", choice.deployment)
        wanted = at(deployment, "spec", "selector", "matchLabels") or {}
        selector = ",".join(f"{key}={value}" for key, value in sorted(wanted.items()))
    pods = [one for one in kubectl.get("pods", f"--selector={selector}") if _is_ours(one, choice.container)]
    if not pods:
        raise KubectlFailed(
            f"found no Pod with the labels {selector} and a container {choice.container}; "
            "name the namespace, or one of --pod, --deployment and --selector"
        )
    return min(pods, key=lambda one: (not is_ready(one), name_of(one)))


def name_of(one: Object) -> str:
    return str(at(one, "metadata", "name") or "")


def is_ready(pod: Object) -> bool:
    conditions = some(pod, "status", "conditions")
    return any(at(one, "type") == "Ready" and at(one, "status") == "True" for one in conditions)


def arguments(pod: Object, container: str) -> tuple[str, ...]:
    """Return what the controller was started with, variables of its Pod filled in."""
    namespace = str(at(pod, "metadata", "namespace") or "")
    for one in some(pod, "spec", "containers"):
        if at(one, "name") == container:
            found = (str(each) for each in some(one, "args"))
            return tuple(
                each.replace("$(POD_NAMESPACE)", namespace).replace("$(POD_NAME)", name_of(pod))
                for each in found
            )
    return ()


def _is_ours(pod: Object, container: str) -> bool:
    # The default backend has the labels of the release too.
    return any(at(one, "name") == container for one in some(pod, "spec", "containers"))
