using System.Diagnostics.CodeAnalysis;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Requests;
using SecretText = SyncCluster.Hosting.Secret;

namespace SyncCluster.Gateway.Api.Sync;

/// <summary>A call of a task.</summary>
/// <param name="Customer">Whose task it is.</param>
/// <param name="Task">The task's id.</param>
/// <param name="Arguments">Its arguments.</param>
internal sealed record TaskInvocation(string Customer, string Task, CallPayload.Arguments Arguments)
{
    public static Problem NotWithKey { get; } = new(
        StatusCodes.Status400BadRequest, "A call that may be repeated can't be canceled when its caller hangs up: send either an Idempotency-Key or cancel_on_disconnect.");

    /// <summary>Who calls; null with a secret.</summary>
    public Caller? Caller { get; init; }

    /// <summary>The caller's token; null with a secret.</summary>
    public string? Token { get; init; }

    /// <summary>The task's secret, instead of a token.</summary>
    public string? Secret { get; init; }

    /// <summary>The secret that the new job is to have, where it is called with its task's.</summary>
    public string? JobSecret { get; private init; }

    /// <summary>SHA-256 of it.</summary>
    public byte[]? JobSecretHash => JobSecret is null ? null : SecretText.Hash(JobSecret);

    /// <summary>What it shares with its repeats; null for a call that has none.</summary>
    public IdempotencyIdentity? Identity { get; private init; }

    /// <summary>
    /// Where the job is to be canceled when the last one who waits for it has hung up: when the caller's own wait ends. Null where it is not.
    /// </summary>
    public DateTimeOffset? CallerWaitsUntil { get; init; }

    /// <summary>Whether a request asks for its job to be canceled when the last one who waits for it has hung up.</summary>
    public static bool IsToCancelOnDisconnect(HttpRequest request) => request.Query.ContainsKey("cancel_on_disconnect");

    /// <summary>Gives a call what its <c>Idempotency-Key</c> makes of it, and its job a secret where it needs one.</summary>
    /// <param name="request">The call's request.</param>
    /// <param name="call">The call.</param>
    /// <param name="refusal">Why it is refused.</param>
    public static bool TryIdentify(HttpRequest request, ref TaskInvocation call, [NotNullWhen(false)] out Problem? refusal)
    {
        var key = IdempotencyKey.Find(request.Headers["Idempotency-Key"]);
        refusal = key switch
        {
            IdempotencyKey.Malformed malformed => new Problem(StatusCodes.Status400BadRequest, malformed.Message),
            IdempotencyKey.One when IsToCancelOnDisconnect(request) => NotWithKey,
            _ => null,
        };
        var identity = key is IdempotencyKey.One { Key: var text } ? IdempotencyIdentity.Of(call, text) : null;
        call = call with
        {
            Identity = identity,
            JobSecret = call.Secret is { } secret ? Auth.JobSecret.Of(call.Customer, identity?.JobSecret(secret) ?? SecretText.New()) : null,
        };
        return refusal is null;
    }

    /// <summary>Keeps token and secret out of logs.</summary>
    public override string ToString() => $"a call of {Customer}/{Task}";
}
