using Microsoft.Extensions.Options;
using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Backends.TheEye;

/// <summary>Has TheEye's supervisor create jobs that do nothing before they are released, once for all calls with the same <c>Idempotency-Key</c>.</summary>
internal sealed partial class TheEyeJobAllocator
{
    private readonly SupervisorClient _supervisor;
    private readonly TheEyeTokenValidator _tokens;
    private readonly JobWindowClient _windows;
    private readonly UnreleasedJobCleanup _cleanup;
    private readonly IGrainFactory _grains;
    private readonly TimeProvider _timeProvider;
    private readonly WaitingOptions _waiting;
    private readonly ILogger<TheEyeJobAllocator> _logger;
    private readonly RetryPipeline _lookups;

    public TheEyeJobAllocator(
        SupervisorClient supervisor,
        TheEyeTokenValidator tokens,
        JobWindowClient windows,
        UnreleasedJobCleanup cleanup,
        IGrainFactory grains,
        TimeProvider timeProvider,
        IOptions<WaitingOptions> waiting,
        ILogger<TheEyeJobAllocator> logger)
    {
        _supervisor = supervisor;
        _tokens = tokens;
        _windows = windows;
        _cleanup = cleanup;
        _grains = grains;
        _timeProvider = timeProvider;
        _waiting = waiting.Value;
        _logger = logger;
        _lookups = new(RetryPolicy.Lookup, timeProvider, (fault, name) => LogLookupFailed(fault, name));
    }

    /// <inheritdoc cref="ITaskBackend.AllocateAsync"/>
    public async Task<Allocation> AllocateAsync(TaskInvocation invocation, Deadline deadline, CancellationToken aborted)
    {
        // A repeat of a call that has a job needs no place for another one.
        if (invocation.Identity is { } identity && await FindBoundAsync(identity) is { } repeated)
        {
            return repeated;
        }

        if (!(await _windows.EnterAsync(invocation, deadline, aborted)).TryGet(out var place, out var problem))
        {
            return new Allocation.Refused(problem);
        }

        // It goes on when the client has disconnected: if a job is created, it must be known, to be canceled.
        var allocating = invocation.Identity is { } name ? CreateOnceAsync(invocation, name, place) : CreateAsync(invocation, place);
        var isKnown = false;
        try
        {
            var allocation = await deadline.WaitAsync(allocating, aborted);
            isKnown = true;
            return allocation;
        }
        catch (TimeoutException)
        {
            return new Allocation.Refused(Problems.TheEye.OfCreate(new TheEyeReply.Failed(TheEyeFault.Slow)));
        }
        finally
        {
            if (!isKnown)
            {
                _ = CancelWhenAllocatedAsync(allocating, invocation.Caller?.Token);
            }
        }
    }

    private async Task CancelWhenAllocatedAsync(Task<Allocation> allocating, string? token)
    {
        if (await allocating is Allocation.Allocated { Spec: var spec })
        {
            _cleanup.CancelUnlessSubmitted(spec, token);
        }
    }

    /// <returns>Null: no job is bound to the key.</returns>
    private async Task<Allocation?> FindBoundAsync(IdempotencyIdentity identity)
    {
        var name = Convert.ToHexStringLower(identity.Id);
        var (isKnown, bound) = await _lookups.ExecuteAsync(name, _grains.GetGrainByKey<IIdempotencyGrain>(name).Find, _ => true, _waiting.Patience);
        return isKnown && bound is null ? null : OfBound(bound, identity);
    }

    private async Task<Allocation> CreateOnceAsync(TaskInvocation invocation, IdempotencyIdentity identity, JobPlace place)
    {
        // A repeat that has waited for its place: the first call may have got its job meanwhile.
        if (place.IsNeeded && await FindBoundAsync(identity) is { } repeated)
        {
            place.Withdraw();
            return repeated;
        }

        var name = Convert.ToHexStringLower(identity.Id);
        var keys = _grains.GetGrainByKey<IIdempotencyGrain>(name);
        var created = await CreateAsync(invocation, place);
        var spec = created switch
        {
            Allocation.Allocated allocated => allocated.Spec,
            Allocation.Known known => SpecOf(invocation, known.JobId, JobOrigin.ExternallyReleased),
            _ => null,
        };
        if (spec is null)
        {
            return created;
        }

        spec = spec with { Fingerprint = identity.Fingerprint, IdempotencyId = name };
        var (_, bound) = await _lookups.ExecuteAsync(name, () => keys.Bind(spec), job => job is not null, _waiting.Patience);
        if (bound?.JobId != spec.JobId)
        {
            _cleanup.CancelUnlessSubmitted(spec, invocation.Caller?.Token);
            if (bound is not null)
            {
                _windows.Leave(spec);
            }
        }

        return bound is null && created is Allocation.Known ? created : OfBound(bound, identity);
    }

    /// <param name="bound">The job that is bound to the key; null if that can't be found out.</param>
    /// <param name="identity">The call's identity.</param>
    private static Allocation OfBound(JobSpec? bound, IdempotencyIdentity identity) => bound switch
    {
        null => new Allocation.Refused(Problems.Unreachable),
        { Fingerprint: { } fingerprint } when !fingerprint.AsSpan().SequenceEqual(identity.Fingerprint) =>
            new Allocation.Known(bound.JobId, new JobReply.IdempotencyConflict()),
        _ => new Allocation.Allocated(bound),
    };

    private async Task<Allocation> CreateAsync(TaskInvocation invocation, JobPlace place)
    {
        var token = invocation.Caller?.Token;
        var reply = await _supervisor.CreateAsync(
            invocation.Customer, invocation.Task, invocation.Secret, token, BodyOf(invocation.Payload), CancellationToken.None);
        if (reply is not TheEyeReply.Ok ok || ok.ToJob() is not { } job)
        {
            _tokens.ForgetIfUnauthorized(token, reply);
            LeaveUncreated(place, reply);
            return new Allocation.Refused(Problems.TheEye.OfCreate(reply));
        }

        if (job.IsSyncing)
        {
            await place.BindAsync(job.Id);
        }
        else
        {
            // It has ended, and is read; or somebody has to approve it, which may take days.
            place.GiveUp();
        }

        return job.End is { } end
            ? new Allocation.Known(job.Id, TheEyeJobs.Finished(invocation.Customer, job.Id, end, ok.Body))
            : new Allocation.Allocated(SpecOf(invocation, job.Id, job.IsSyncing ? JobOrigin.AllocatedAtTheEye : JobOrigin.ExternallyReleased) with
            {
                IsInWindow = job.IsSyncing && place.IsNeeded,
            })
            {
                Document = ok.Body,
            };
    }

    private static void LeaveUncreated(JobPlace place, TheEyeReply reply)
    {
        if (reply is TheEyeReply.Refused or TheEyeReply.Failed { MayHaveArrived: false })
        {
            place.Withdraw();
        }
        else
        {
            place.GiveUp();
        }
    }

    /// <summary>
    /// An object with the call's arguments and the lifecycle <c>syncing</c>, which no other form of body can carry: with an array, the job would run at
    /// once.
    /// </summary>
    private static byte[] BodyOf(CallPayload payload) => payload.OtherMembers.IsEmpty
        ? [.. "{\"task_arguments\":"u8, .. payload.Arguments.Span, .. ",\"lifecycle\":\"syncing\"}"u8]
        : [.. "{\"task_arguments\":"u8, .. payload.Arguments.Span, .. ","u8, .. payload.OtherMembers.Span, .. ",\"lifecycle\":\"syncing\"}"u8];

    private JobSpec SpecOf(TaskInvocation invocation, string jobId, JobOrigin origin) =>
        TheEyeJobs.SpecOf(invocation.Customer, jobId, invocation.Caller?.Caller, origin, _timeProvider.GetUtcNow()) with
        {
            TaskId = invocation.Task,
            SecretHash = invocation.JobSecretHash,
            CallerWaitsUntil = invocation.CallerWaitsUntil,
        };
}
