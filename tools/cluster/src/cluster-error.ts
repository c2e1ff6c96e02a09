/** A failure that the person who started the cluster can act on: its message is all they need. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
}

/** Turns the file system's refusals into what to do about them. */
export function explainFileError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new ClusterError(
      `no permission to write to ${path}: use another folder or change its owner`,
    );
  }
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new ClusterError(`the disk that holds ${path} is full: free some space and start again`);
  }
  if (code === "ENOTDIR" || code === "EEXIST") {
    return new ClusterError(`${path} is not a folder, or not in one: use another`);
  }
  return error;
}
