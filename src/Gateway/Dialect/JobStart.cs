using SyncCluster.Gateway.Jobs;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Dialect;

/// <summary>Starts jobs for which nobody waits yet, with the same care for one that was perhaps not started as the calls that wait.</summary>
internal sealed class JobStart(WaiterHub hub, ITaskBackend backend)
{
    /// <summary>Null: the job goes on.</summary>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public async Task<WaitEnd?> StartAsync(JobSpec spec, string? token, Deadline deadline, CancellationToken gone)
    {
        WaitEnd? end = new WaitEnd.Unknown();
        try
        {
            return end = await hub.StartAsync(spec, token, deadline, gone);
        }
        finally
        {
            switch (end)
            {
                case WaitEnd.Unknown:
                    backend.EndUnlessSubmitted(spec, token);
                    break;
                case WaitEnd.Unavailable or WaitEnd.QueueFull:
                    backend.EndUnrun(spec, token);
                    break;
            }
        }
    }
}
