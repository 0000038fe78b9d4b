using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting;
using SyncCluster.Json;
using SyncCluster.Storage;

namespace SyncCluster.Gateway.Backends.TheEye;

/// <summary>
/// Has TheEye's gateway say whom a token speaks for. What it says counts for a while; of a token that many send at once it is asked once. Only hashes
/// of tokens are kept.
/// </summary>
internal sealed class TheEyeTokenValidator : ITokenValidator, IDisposable
{
    public const string ClientName = "TheEye's gateway";

    private const int Kept = 100_000;
    private static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BadFor = TimeSpan.FromSeconds(5);

    private readonly TheEyeHttp _http;
    private readonly TimeProvider _timeProvider;
    private readonly MemoryCache _verdicts;
    private readonly ConcurrentDictionary<string, Lazy<Task<TokenValidation>>> _asked = new();

    public TheEyeTokenValidator(IHttpClientFactory clients, IOptions<TheEyeOptions> options, TimeProvider timeProvider, ILogger<TheEyeHttp> logger)
    {
        _http = new(clients.CreateClient(ClientName), options.Value.Gateway, logger);
        _timeProvider = timeProvider;
        _verdicts = new(new MemoryCacheOptions { SizeLimit = Kept, Clock = new SystemClockAdapter(timeProvider) });
    }

    /// <inheritdoc/>
    public ValueTask<TokenValidation> ValidateAsync(string token, Deadline? deadline, CancellationToken gone)
    {
        var key = Secret.KeyOf(token);
        if (_verdicts.TryGetValue(key, out TokenValidation? known))
        {
            return new(known!);
        }

        var asked = _asked.GetOrAdd(key, key => new(() => AskAsync(key, token)));
        return new(WaitAsync(asked.Value, deadline, gone));
    }

    /// <summary>TheEye has refused the token: it is asked anew.</summary>
    public void Forget(string token) => _verdicts.Remove(Secret.KeyOf(token));

    /// <inheritdoc/>
    public void Dispose() => _verdicts.Dispose();

    private async Task<TokenValidation> WaitAsync(Task<TokenValidation> asked, Deadline? deadline, CancellationToken gone)
    {
        try
        {
            return await asked.WaitAsync(deadline?.Remaining ?? Timeout.InfiniteTimeSpan, _timeProvider, gone);
        }
        catch (TimeoutException)
        {
            return new TokenValidation.Unavailable(TheEyeProblem.OfToken(new TheEyeReply.Failed(TheEyeFault.Slow)));
        }
    }

    private async Task<TokenValidation> AskAsync(string key, string token)
    {
        try
        {
            // For all who wait for it, whoever of them goes.
            var reply = await _http.SendAsync(HttpMethod.Get, "/api/session/profile", token, null, CancellationToken.None);
            var verdict = VerdictOf(reply);
            if (verdict is not TokenValidation.Unavailable)
            {
                using var entry = _verdicts.CreateEntry(key);
                entry.Value = verdict;
                entry.Size = 1;
                entry.Priority = verdict is TokenValidation.Valid ? CacheItemPriority.Normal : CacheItemPriority.Low;
                entry.AbsoluteExpirationRelativeToNow = verdict is TokenValidation.Valid ? GoodFor : BadFor;
            }

            return verdict;
        }
        finally
        {
            _asked.TryRemove(key, out _);
        }
    }

    private static TokenValidation VerdictOf(TheEyeReply reply) => reply switch
    {
        TheEyeReply.Ok ok when CallerOf(ok.Body) is { } caller => new TokenValidation.Valid(caller),
        TheEyeReply.Refused { Status: StatusCodes.Status401Unauthorized } => TokenValidation.Invalid.Instance,
        _ => new TokenValidation.Unavailable(TheEyeProblem.OfToken(reply)),
    };

    /// <summary>Null where it is no profile. A caller without a current customer is none of any path's.</summary>
    private static Caller? CallerOf(byte[] profile)
    {
        if (!JsonText.TryParse(profile, out var document))
        {
            return null;
        }

        using (document)
        {
            return Text(document.RootElement, "username") is not { } username ? null : new Caller
            {
                Customer = JsonText.TryGetMember(document.RootElement, "current_customer", out var customer) ? Text(customer, "name") ?? "" : "",
                Username = username,
                Email = Text(document.RootElement, "email") ?? "",

                // TheEye itself has the last word; a credential that is not known here counts as the least one.
                Credential = Enum.GetValues<Credential>().FirstOrDefault(
                    known => known.ToString().Equals(Text(document.RootElement, "credential"), StringComparison.OrdinalIgnoreCase)),
            };
        }
    }

    private static string? Text(JsonElement value, string name) =>
        JsonText.TryGetMember(value, name, out var member) ? JsonText.AsString(member) : null;
}
