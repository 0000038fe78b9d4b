using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Json;

namespace SyncCluster.Gateway.Backends;

/// <summary>What has the tasks, makes their jobs and says who may see one: this cluster itself, or TheEye.</summary>
internal interface ITaskBackend
{
    /// <summary>Whether a secret that <see cref="CheckSecretAsync"/> does not refuse is the task's; else only the making of the job tells.</summary>
    bool KnowsSecrets { get; }

    /// <summary>Why a call with a task's secret is refused before its body is read; null where it is not.</summary>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    Task<Problem?> CheckSecretAsync(string customer, string task, string secret, Deadline deadline, CancellationToken gone);

    /// <summary>Makes a job that does nothing yet.</summary>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    Task<Allocation> AllocateAsync(TaskInvocation call, Deadline deadline, CancellationToken gone);

    /// <summary>A job that was allocated was perhaps not submitted: if it was not, sees to it that nothing is left of it, in the background.</summary>
    void EndUnlessSubmitted(JobSpec spec, string? token);

    /// <summary>Of a job that was allocated its caller was told that nothing was run: sees to it that nothing ever is, in the background.</summary>
    void EndUnrun(JobSpec spec, string? token);

    /// <summary>Waits for a job's end in a caller's name.</summary>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    Task<WaitResult> AttachAsync(JobRequest request, WaitDeadlines time, CancellationToken gone);

    /// <summary>A job as a caller may see it.</summary>
    Task<JobView> LookAsync(JobRequest request, CancellationToken gone);

    /// <summary>The document so far of a job that the caller has waited for: JSON, UTF-8. Where it can't be had, hardly more than its id.</summary>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    async Task<ReadOnlyMemory<byte>> SoFarAsync(JobRequest request, CancellationToken gone)
    {
        try
        {
            if (await LookAsync(request, gone) is { Refusal: null } seen)
            {
                return seen.Document;
            }
        }
        catch (Exception fault) when (fault is OrleansException or TimeoutException)
        {
            // The job exists, and that is what the caller is to hear.
        }

        return JsonText.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("id", request.Job);
            json.WriteString("customer_name", request.Customer);
            json.WriteEndObject();
        });
    }

    /// <summary>Cancels a job that a caller has seen unfinished. Why it is refused; null where it is not.</summary>
    Task<Problem?> CancelAsync(JobRequest request, JobView seen, CancellationToken gone);
}

/// <summary>What a caller asks of a job.</summary>
/// <param name="Customer">Whose job it is.</param>
/// <param name="Job">Its id.</param>
/// <param name="Caller">Who asks; null for whoever knows its secret, and has been let in for that.</param>
/// <param name="Token">The caller's token; null without a caller.</param>
internal sealed record JobRequest(string Customer, string Job, Caller? Caller, string? Token)
{
    public string Key => JobKey.Of(Customer, Job);

    /// <summary>Whether a job's access list lets the asking one see it.</summary>
    public bool MaySee(JobAccess access) => Caller is not { } caller || caller.IsAllowedBy(access.Acl);

    /// <summary>Keeps the token out of logs.</summary>
    public override string ToString() => Key;
}

/// <summary>What came of allocating a job.</summary>
internal abstract record Allocation
{
    private Allocation()
    {
    }

    /// <summary>It waits for being submitted.</summary>
    public sealed record Allocated(JobSpec Spec) : Allocation
    {
        /// <summary>What its maker says of it: JSON, UTF-8. Null where this cluster is the maker.</summary>
        public ReadOnlyMemory<byte>? Document { get; init; }
    }

    /// <summary>It has ended already.</summary>
    public sealed record Ended(string JobId, FinishedJob Job) : Allocation;

    /// <summary>It is the job of another call, which has sent the same key with other arguments.</summary>
    public sealed record OtherCall(string JobId) : Allocation;

    /// <summary>There is none.</summary>
    public sealed record Refused(Problem Problem) : Allocation;
}

/// <summary>A job as it stands. Either the refusal is set, or all the rest.</summary>
internal readonly record struct JobView
{
    public Problem? Refusal { get; init; }

    /// <summary>In TheEye's words.</summary>
    public string Lifecycle { get; init; }

    public bool HasEnded { get; init; }

    /// <summary>JSON, UTF-8.</summary>
    public ReadOnlyMemory<byte> Document { get; init; }

    /// <summary>Whether it takes an administrator to cancel it.</summary>
    public bool IsForAdministrators { get; init; }

    public static JobView Refused(Problem problem) => new() { Refusal = problem };
}
