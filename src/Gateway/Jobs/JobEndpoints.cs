using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Problems;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Jobs;

/// <summary>Running tasks and reading jobs.</summary>
internal static class JobEndpoints
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    public static Problem StorageUnreachable { get; } =
        new(StatusCodes.Status503ServiceUnavailable, "The storage can't be reached. Try again.") { RetryAfter = RetryAfter };

    public static Problem AdministratorsOnly(string job) =>
        new(StatusCodes.Status403Forbidden, "This task's jobs may be canceled by an administrator only.") { JobId = job };

    public static Problem HasEnded(string customer, string job) => new(StatusCodes.Status409Conflict, "The job has ended already.")
    {
        JobId = job,
        Location = JobAddress.Of(customer, job, default),
    };

    public static Problem RunnerUnreachable(string customer, string job) =>
        new(StatusCodes.Status503ServiceUnavailable, "The job's runner or the storage can't be reached. Try again.")
        {
            JobId = job,
            Location = JobAddress.Of(customer, job, default),
            RetryAfter = RetryAfter,
        };

    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/{customer}/task/{task}/job", (HttpContext http, string customer, string task, JobCalls calls) => calls.RunAsync(http, customer, task))
            .WithName("RunTask");
        routes.MapPost(
                "/{customer}/task/{task}/secret/{secret}/job",
                (HttpContext http, string customer, string task, string secret, JobCalls calls) => calls.RunWithSecretAsync(http, customer, task, secret))
            .WithName("RunTaskWithSecret");
        routes.MapPost("/job/secret/{secret}", (HttpContext http, string secret, JobCalls calls) => calls.RunWithSecretAsync(
                http, http.Request.Query["customer"].ToString(), http.Request.Query["task"].ToString(), secret))
            .WithName("RunTaskByQueryWithSecret");
        routes.MapGet("/{customer}/job/{job}/result", (HttpContext http, string customer, string job, JobCalls calls) => calls.AttachAsync(http, customer, job))
            .WithName("GetResult");
        routes.MapGet(
                "/job/{job}/secret/{secret}/result",
                (HttpContext http, string job, string secret, JobCalls calls) => calls.AttachWithSecretAsync(http, job, secret))
            .WithName("GetResultWithSecret");
        routes.MapGet("/{customer}/job/{job}", DocumentAsync).WithName("GetJob");
        routes.MapGet("/{customer}/job/{job}/lifecycle", LifecycleAsync).WithName("GetLifecycle");
        routes.MapPut("/{customer}/job/{job}/cancel", CancelAsync).WithName("CancelJob");
    }

    private static async Task<IResult> DocumentAsync(HttpContext http, string customer, string job, Gate gate, IGrainFactory grains) =>
        await LookAsync(http, customer, job, Credential.Viewer, gate, grains) switch
        {
            { Refusal: { } refusal } => refusal,
            var seen => new JobResponse(job, StatusCodes.Status200OK, seen.Document),
        };

    private static async Task<IResult> LifecycleAsync(HttpContext http, string customer, string job, Gate gate, IGrainFactory grains) =>
        await LookAsync(http, customer, job, Credential.User, gate, grains) switch
        {
            { Refusal: { } refusal } => refusal,
            var seen => new JobResponse(
                job, StatusCodes.Status200OK, System.Text.Encoding.UTF8.GetBytes($$"""{"lifecycle":"{{seen.Lifecycle.Word()}}"}""")),
        };

    private static async Task<IResult> CancelAsync(HttpContext http, string customer, string job, Gate gate, IGrainFactory grains)
    {
        var seen = await LookAsync(http, customer, job, Credential.Viewer, gate, grains);
        if (seen.Refusal is { } refusal)
        {
            return refusal;
        }

        if (!seen.Access!.Cancellable && seen.Caller!.Credential < Credential.Admin)
        {
            return AdministratorsOnly(job);
        }

        var canceled = seen.Lifecycle.HasEnded() ? Cancellation.AlreadyEnded : await grains.GetGrain<IJobGrain>(JobKey.Of(customer, job)).Cancel();
        return canceled switch
        {
            Cancellation.Accepted => new JobResponse(job, StatusCodes.Status204NoContent, default),
            Cancellation.AlreadyEnded => HasEnded(customer, job),
            Cancellation.NotFound => JobAddress.NoSuchJob,
            _ => RunnerUnreachable(customer, job),
        };
    }

    /// <summary>The job as the caller may see it.</summary>
    private static async Task<Sight> LookAsync(HttpContext http, string customer, string job, Credential needed, Gate gate, IGrainFactory grains)
    {
        var admission = gate.Admit(http.Request, null, customer, needed);
        if (admission is not { Caller: { } caller })
        {
            return new() { Refusal = admission.Refusal };
        }

        if (!JobId.IsValid(job))
        {
            return new() { Refusal = JobAddress.NoSuchJob };
        }

        var seen = await grains.GetGrain<IJobGrain>(JobKey.Of(customer, job)).Attach(null, Reading.Cached) switch
        {
            JobReply.Pending pending => new Sight { Access = pending.Access, Lifecycle = pending.Lifecycle, Document = pending.Document },
            JobReply.Finished finished => new Sight
            {
                Access = finished.Job.Access,
                Lifecycle = finished.Job.Lifecycle,
                Document = finished.Job.Document,
            },
            JobReply.NotFound => new Sight { Refusal = JobAddress.NoSuchJob },
            _ => new Sight { Refusal = StorageUnreachable },
        };
        return seen.Access is { } access && !caller.IsOn(access.Acl)
            ? new() { Refusal = Gate.NotOnJobList }
            : seen with { Caller = caller };
    }

    /// <summary>Either the refusal is set, or all the rest.</summary>
    private readonly record struct Sight
    {
        public Problem? Refusal { get; init; }

        public Caller? Caller { get; init; }

        public JobAccess? Access { get; init; }

        public Lifecycle Lifecycle { get; init; }

        public ReadOnlyMemory<byte> Document { get; init; }
    }
}
