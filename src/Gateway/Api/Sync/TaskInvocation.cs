using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Requests;
using SyncCluster.Hosting.Auditing;
using SyncCluster.Jobs;
using TokenSecret = SyncCluster.Hosting.Secret;

namespace SyncCluster.Gateway.Api.Sync;

/// <summary>A call of a task, as a backend needs it.</summary>
/// <param name="Customer">The task's customer.</param>
/// <param name="Task">The task's id.</param>
/// <param name="Payload">Its arguments.</param>
internal sealed record TaskInvocation(string Customer, string Task, CallPayload Payload)
{
    /// <summary>Who calls; null for a call by the task's secret.</summary>
    public AuthenticatedCaller? Caller { get; init; }

    /// <summary>The task's secret; null for a call by a token.</summary>
    public string? Secret { get; init; }

    /// <summary>The secret of the new job, for a call by the task's secret; else null.</summary>
    public string? JobSecret { get; private init; }

    /// <summary>Its SHA-256.</summary>
    public byte[]? JobSecretHash => JobSecret is null ? null : TokenSecret.Hash(JobSecret);

    /// <summary>What the call shares with its repeats; null for a call without an <c>Idempotency-Key</c>.</summary>
    public IdempotencyIdentity? Identity { get; private init; }

    /// <summary>What a script has shown that waits for the new job; null if none has.</summary>
    public JobToken? Parent { get; private init; }

    /// <summary>The job that the call runs again; null for any other call.</summary>
    public JobRestart? Restart { get; private init; }

    /// <summary>From where the call comes; null if that is not known. A repeat may come from elsewhere, and is the same call.</summary>
    public string? CallerAddress { get; private init; }

    /// <summary>
    /// When the caller's own wait ends, for a job that is canceled when its last waiter has disconnected; null for any other job.
    /// </summary>
    public DateTimeOffset? CallerWaitsUntil { get; init; }

    /// <summary>Whether the task may be taken as it was for an earlier call. The submit of the job then tells whether it has changed.</summary>
    public bool AllowsKnownTask { get; init; }

    /// <summary>The job that the call had before its task turned out to have changed: an earlier try may still create it. Null at first.</summary>
    public string? JobId { get; init; }

    /// <summary>Makes the call of a request, with what its <c>Idempotency-Key</c> means.</summary>
    /// <param name="request">The request.</param>
    /// <param name="customer">The task's customer.</param>
    /// <param name="task">The task's id.</param>
    /// <param name="payload">What the body or the query says.</param>
    /// <param name="caller">Who calls; null with a secret.</param>
    /// <param name="secret">The task's secret; null with a caller.</param>
    /// <param name="restart">The job that the call runs again; null for any other call.</param>
    public static Result<TaskInvocation> Create(
        HttpRequest request,
        string customer,
        string task,
        CallPayload payload,
        AuthenticatedCaller? caller,
        string? secret,
        JobRestart? restart = null)
    {
        JobToken? parent = null;
        if (request.Headers[JobToken.Header].ToString() is { Length: > 0 } shown && !JobToken.TryParse(shown, out parent))
        {
            return Problems.NoSuchParent;
        }

        var invocation = new TaskInvocation(customer, task, payload)
        {
            Caller = caller,
            Secret = secret,
            Parent = parent,
            Restart = restart,
            CallerAddress = ClientAddress.Of(request.HttpContext) is { Length: > 0 } address ? address : null,
        };
        switch (IdempotencyKey.Find(request.Headers["Idempotency-Key"]))
        {
            case IdempotencyKey.Malformed malformed:
                return malformed.Problem;
            case IdempotencyKey.One when WaitPreferences.CancelsOnDisconnect(request):
                return Problems.KeyWithCancelOnDisconnect;
            case IdempotencyKey.One { Key: var key }:
                invocation = invocation with { Identity = IdempotencyIdentity.Of(invocation, key) };
                break;
        }

        return secret is null
            ? invocation
            : invocation with { JobSecret = Auth.JobSecret.Of(customer, invocation.Identity?.JobSecret(secret) ?? TokenSecret.New()) };
    }

    /// <summary>Keeps token and secret out of logs.</summary>
    public override string ToString() => $"a call of {Customer}/{Task}";
}
