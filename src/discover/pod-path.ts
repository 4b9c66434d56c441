/** What the folder names above a container log say. */
export interface PodPath {
  namespace: string;
  pod: string;
  container: string;
}

/**
 * `<namespace>_<pod>_<uid>/<container>/<n>.log`, the kubelet's layout (kubernetes/kubernetes pkg/kubelet/kuberuntime,
 * BuildContainerLogsDirectory). Used for fairness and to name what is lost; labels come from SLEIPNIR_LABEL_REGEX.
 */
const POD_PATH = /\/([^/_]+)_([^/_]+)_[^/_]+\/([^/]+)\/[^/]+$/;

/** Reads namespace, pod and container from a path; a path of another shape is its own pod in namespace ''. */
export function readPodPath(path: string): PodPath {
  const match = POD_PATH.exec(path);
  if (match === null) return { namespace: '', pod: path, container: '' };
  return { namespace: match[1] as string, pod: match[2] as string, container: match[3] as string };
}
