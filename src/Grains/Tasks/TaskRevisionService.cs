using Microsoft.Extensions.Logging;

namespace SyncCluster.Tasks;

/// <inheritdoc cref="ITaskRevisionService"/>
internal sealed class TaskRevisionService(GrainId id, Silo silo, ILoggerFactory loggers, TaskRevisions revisions)
    : GrainService(id, silo, loggers), ITaskRevisionService
{
    /// <inheritdoc/>
    public Task Forget(string key)
    {
        revisions.Forget(key);
        return Task.CompletedTask;
    }
}
