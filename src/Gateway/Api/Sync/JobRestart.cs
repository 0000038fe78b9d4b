namespace SyncCluster.Gateway.Api.Sync;

/// <summary>That a call runs a job's task again.</summary>
/// <param name="Job">The job.</param>
/// <param name="BoundArguments">Its arguments as they were bound, if the new job has the same: JSON, UTF-8. Null: the call gives others.</param>
internal sealed record JobRestart(string Job, byte[]? BoundArguments);
