using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>Whole waits, as a request makes them.</summary>
internal static class WaiterHubExtensions
{
    public static Task<WaitResult> SubmitAndWaitAsync(this WaiterHub hub, JobSpec spec, string? token, Deadline deadline, CancellationToken aborted) =>
        EndAsync(hub.SubmitAsync(spec, token, new WaitDeadlines(deadline, deadline), aborted), aborted);

    public static Task<WaitResult> AttachAndWaitAsync(this WaiterHub hub, string key, Func<JobAccess, bool> mayShow, Deadline deadline, CancellationToken aborted) =>
        hub.AttachAndWaitAsync(key, mayShow, new WaitDeadlines(deadline, deadline), aborted);

    public static Task<WaitResult> AttachAndWaitAsync(
        this WaiterHub hub, string key, Func<JobAccess, bool> mayShow, WaitDeadlines deadlines, CancellationToken aborted) =>
        EndAsync(hub.AttachAsync(key, mayShow, deadlines, aborted), aborted);

    /// <summary>The reply that a wait has ended with.</summary>
    public static T Reply<T>(WaitResult result)
        where T : JobReply =>
        Assert.IsType<T>(Assert.IsType<WaitResult.Replied>(result).Reply);

    private static async Task<WaitResult> EndAsync(Task<JobWait> waiting, CancellationToken aborted)
    {
        using var wait = await waiting;
        return await wait.EndAsync(aborted);
    }
}
