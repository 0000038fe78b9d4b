using Orleans.Services;

namespace SyncCluster.Tasks;

/// <summary>What the grains of tasks tell a silo that has asked one of them.</summary>
[Alias("sync.revisions")]
public interface ITaskRevisionService : IGrainService
{
    /// <summary>The task is about to change: its grain must be asked again.</summary>
    /// <remarks>No silo of version 0.1 has the service, and none asks a grain for a revision.</remarks>
    /// <param name="key">The task's <see cref="TaskKey"/>.</param>
    [Alias("forget"), ResponseTimeout("00:00:02")]
    Task Forget(string key);
}
