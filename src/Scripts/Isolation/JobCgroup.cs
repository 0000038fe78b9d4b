namespace SyncCluster.Scripts.Isolation;

/// <summary>That each job has a control group (cgroup v2) of its own.</summary>
/// <param name="Folder">The control group in which the server makes those of its jobs. It has no processes itself.</param>
/// <param name="Limits">The limits of each job.</param>
internal sealed record JobCgroup(string Folder, JobLimits Limits);
