using Microsoft.Extensions.Options;
using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Backends.TheEye;

/// <summary>
/// Has calls wait until their jobs may be created: TheEye would delete the answers of others. A call of a task that keeps all its jobs does not wait,
/// and costs nothing here.
/// </summary>
internal sealed partial class JobWindowClient(
    KeptJobsReader keptJobs,
    IGrainFactory grains,
    IHostApplicationLifetime lifetime,
    IOptions<WaitingOptions> waiting,
    TimeProvider timeProvider,
    ILogger<JobWindowClient> logger)
{
    /// <summary>Waits for a place of the call's task.</summary>
    /// <returns>The place, or why there is none.</returns>
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    public async Task<Result<JobPlace>> EnterAsync(TaskInvocation invocation, Deadline deadline, CancellationToken aborted)
    {
        if (!(await keptJobs.FindAsync(invocation, deadline, aborted)).TryGet(out var limit, out var problem))
        {
            return problem;
        }

        if (limit == KeptJobsReader.All || WindowOf(invocation.Customer, invocation.Task) is not { } window)
        {
            return JobPlace.NotNeeded;
        }

        var ticket = new WindowTicket(Guid.NewGuid().ToString("N"), invocation.Caller?.Caller.Username ?? "", limit);
        var isIn = false;
        try
        {
            if (await EnterAsync(window, ticket, deadline, aborted) is { } refusal)
            {
                return refusal;
            }

            isIn = true;
            return new JobPlace(window, ticket.Id, LogNoAnswer);
        }
        finally
        {
            if (!isIn)
            {
                window.Withdraw(ticket.Id).Ignore();
            }
        }
    }

    /// <summary>A job will never be released, or is canceled: no client waits for its answer.</summary>
    public void Leave(JobSpec spec)
    {
        if (spec.IsInWindow)
        {
            WindowOf(spec.Customer, spec.TaskId)?.Leave(spec.JobId).Ignore();
        }
    }

    /// <returns>Null: the window is entered.</returns>
    private async Task<Problem?> EnterAsync(IJobWindowGrain window, WindowTicket ticket, Deadline deadline, CancellationToken aborted)
    {
        var whileSilent = new Deadline(timeProvider, waiting.Value.Silence);
        var hasAnswered = false;
        for (var backoff = RetryPolicy.GrainCall.NewBackoff(); ;)
        {
            if (lifetime.ApplicationStopping.IsCancellationRequested)
            {
                return Problems.TheEye.StoppingInQueue;
            }

            try
            {
                if (await deadline.WaitAsync(window.Enter(ticket), aborted))
                {
                    return null;
                }

                whileSilent = new Deadline(timeProvider, waiting.Value.Silence);
                hasAnswered = true;
                if (deadline.Remaining == TimeSpan.Zero)
                {
                    return Problems.TheEye.TooManyUnread(ticket.Limit);
                }
            }
            catch (Exception fault) when (fault is not OperationCanceledException || !aborted.IsCancellationRequested)
            {
                // Asked once: it may be over a moment later.
                var isOver = deadline.Remaining == TimeSpan.Zero;
                if (isOver && hasAnswered)
                {
                    return Problems.TheEye.TooManyUnread(ticket.Limit);
                }

                LogNoAnswer(fault, ticket.Id);
                if (isOver || whileSilent.Remaining == TimeSpan.Zero)
                {
                    return Problems.Unreachable;
                }

                var pause = backoff.Next();
                await Task.Delay(pause < deadline.Remaining ? pause : deadline.Remaining, timeProvider, aborted);
            }

            ticket = ticket with { IsRepeated = true };
        }
    }

    /// <returns>Null: no silo has such grains. While a cluster is upgraded, all of them may still be of version 0.1.</returns>
    private IJobWindowGrain? WindowOf(string customer, string task)
    {
        try
        {
            return grains.GetGrainByKey<IJobWindowGrain>(TaskKey.Of(customer, task));
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
