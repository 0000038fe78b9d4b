using SyncCluster.Gateway.Waiting;
using SyncCluster.Harness;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>Whole waits, as a request makes them. Without a deadline they last a minute at most.</summary>
internal static class WaiterHubExtensions
{
    public static Task<WaitResult> SubmitAndWaitAsync(
        this WaiterHub hub, TestJob job, Deadline? deadline = null, CancellationToken aborted = default) =>
        hub.SubmitAndWaitAsync(job, Until(deadline), aborted);

    public static Task<WaitResult> SubmitAndWaitAsync(
        this WaiterHub hub, TestJob job, WaitDeadlines deadlines, CancellationToken aborted = default) =>
        EndAsync(hub.SubmitAsync(job.Spec, null, null, deadlines, aborted), aborted);

    public static Task<WaitResult> AttachAndWaitAsync(
        this WaiterHub hub, TestJob job, Deadline? deadline = null, bool mayShow = true, CancellationToken aborted = default) =>
        hub.AttachAndWaitAsync(job, Until(deadline), mayShow, aborted);

    public static Task<WaitResult> AttachAndWaitAsync(
        this WaiterHub hub, TestJob job, WaitDeadlines deadlines, bool mayShow = true, CancellationToken aborted = default) =>
        EndAsync(hub.AttachAsync(job.Key, _ => mayShow, deadlines, aborted), aborted);

    /// <summary>The reply that a wait has ended with.</summary>
    public static T Reply<T>(WaitResult result)
        where T : JobReply =>
        Assert.IsType<T>(Assert.IsType<WaitResult.Replied>(result).Reply);

    private static WaitDeadlines Until(Deadline? deadline) => new(deadline ?? WaitingCluster.Minute, deadline ?? WaitingCluster.Minute);

    private static async Task<WaitResult> EndAsync(Task<JobWait> waiting, CancellationToken aborted)
    {
        using var wait = await waiting;
        return await wait.EndAsync(aborted);
    }
}
