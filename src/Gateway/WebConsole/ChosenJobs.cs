using System.Globalization;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Hosting.Auditing;
using SyncCluster.Jobs;
using SyncCluster.WebConsole;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>Does to chosen jobs what the API does to one, with the API's handlers: each is allowed or refused by itself, and is in the audit log.</summary>
internal sealed class ChosenJobs(
    ITaskBackend backend, JobCancelHandler cancellation, JobRemovalHandler removal, AuditLog audit, TimeProvider timeProvider)
{
    /// <summary>A job that runs is waited for until its script has ended.</summary>
    private const int JobsAtOnce = 16;

    /// <summary>The jobs, and what will become of each.</summary>
    public Task<IReadOnlyList<ChosenJob>> FindAsync(HttpContext http, ChosenAction action, IReadOnlyList<string> jobs) =>
        ForEachAsync(http, jobs, async job =>
        {
            var caller = http.GetCaller();
            if (!(await backend.ReadAsync(new(caller.Caller.Customer, job, caller), http.RequestAborted)).TryGet(out var view, out var problem))
            {
                return Unseen(job, problem);
            }

            var (note, isMeant) = action == ChosenAction.Cancel ? FateOfCanceled(view, caller.Caller) : FateOfRemoved(view.HasEnded, view.EndedAt, timeProvider.GetUtcNow());
            return new(JobListPages.Listed(view.Document), note, isMeant);
        });

    /// <summary>Does it to all, and says what has become of each.</summary>
    public Task<IReadOnlyList<ChosenJob>> ActAsync(HttpContext http, ChosenAction action, IReadOnlyList<string> jobs) =>
        ForEachAsync(http, jobs, async job =>
        {
            var arrival = timeProvider.GetTimestamp();
            Problem? problem = Problems.Unreachable;
            try
            {
                problem = await ActAsync(http, action, job) as Problem;
            }
            finally
            {
                audit.Log(
                    http,
                    action == ChosenAction.Cancel ? AuditedRoutes.Cancel : AuditedRoutes.Delete,
                    job,
                    problem?.Status ?? StatusCodes.Status204NoContent,
                    timeProvider.GetElapsedTime(arrival));
            }

            var caller = http.GetCaller();
            var read = await backend.ReadAsync(new(caller.Caller.Customer, job, caller), http.RequestAborted);
            return read.TryGet(out var view, out var unseen)
                ? new(JobListPages.Listed(view.Document), problem?.Message ?? action.Done, problem is null)
                : Unseen(job, problem ?? unseen) with { Note = problem?.Message ?? action.Done, IsMeant = problem is null };
        });

    /// <summary>Does it to one.</summary>
    /// <returns>A <see cref="Problem"/> if it is refused.</returns>
    public Task<IResult> ActAsync(HttpContext http, ChosenAction action, string job)
    {
        var customer = http.GetCaller().Caller.Customer;
        return action == ChosenAction.Cancel ? cancellation.CancelAsync(http, customer, job) : removal.RemoveAsync(customer, job);
    }

    /// <summary>What will become of a job that is to be deleted. The job's grain has the last word.</summary>
    internal static (string Note, bool IsMeant) FateOfRemoved(bool hasEnded, DateTimeOffset? endedAt, DateTimeOffset now) =>
        !hasEnded ? ("Nothing: it has not ended. Cancel it first.", false)
        : endedAt + JobGrain.LeastAge is { } from && from > now
            ? (string.Create(CultureInfo.InvariantCulture, $"Nothing: it has ended just now, and can be deleted from {from.UtcDateTime:HH:mm:ss} UTC on."), false)
        : ("It is deleted.", true);

    private static ChosenJob Unseen(string job, Problem problem) => new(
        new(job, "", problem.Status is StatusCodes.Status410Gone or StatusCodes.Status404NotFound ? "deleted" : "unknown", "bad", "", null, null),
        problem.Message,
        IsMeant: false);

    private static (string Note, bool IsMeant) FateOfCanceled(JobView job, Caller caller) =>
        job.HasEnded ? ("Nothing: it has ended already.", false)
        : job.IsForAdministrators && caller.Credential < Credential.Admin ? ("Nothing: an administrator only may cancel it.", false)
        : job.Lifecycle == Lifecycle.Assigned.WireName() ? ("Its script is told to stop.", true)
        : ("It will not run.", true);

    /// <summary>A job whose silo does not answer costs the others nothing.</summary>
    private static async Task<IReadOnlyList<ChosenJob>> ForEachAsync(HttpContext http, IReadOnlyList<string> jobs, Func<string, Task<ChosenJob>> find)
    {
        var found = new ChosenJob[jobs.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, jobs.Count),
            new ParallelOptions { MaxDegreeOfParallelism = JobsAtOnce, CancellationToken = http.RequestAborted },
            async (index, _) =>
            {
                try
                {
                    found[index] = await find(jobs[index]);
                }
                catch (Exception fault) when (fault.IsClusterFault() && !http.RequestAborted.IsCancellationRequested)
                {
                    found[index] = Unseen(jobs[index], Problems.Unreachable);
                }
            });
        return found;
    }
}
