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
using SyncCluster.Telemetry;

namespace SyncCluster.Gateway.Backends.TheEye;

/// <summary>
/// Has TheEye's gateway check tokens. What it says counts for a while; if many requests send the same token at once, it is asked once. Only hashes of
/// tokens are kept.
/// </summary>
internal sealed class TheEyeTokenValidator : ITokenValidator, IDisposable
{
    public const string ClientName = "TheEye's gateway";

    private const int MaxEntries = 100_000;
    private static readonly TimeSpan ValidFor = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan InvalidFor = TimeSpan.FromSeconds(5);

    private readonly TheEyeHttp _http;
    private readonly MemoryCache _validations;
    private readonly ConcurrentDictionary<string, Lazy<Task<TokenValidation>>> _ongoing = new();

    public TheEyeTokenValidator(
        IHttpMessageHandlerFactory handlers,
        IOptions<TheEyeOptions> options,
        ServerMetrics metrics,
        TimeProvider timeProvider,
        ILogger<TheEyeHttp> logger)
    {
        _http = new(handlers.CreateHandler(ClientName), options.Value.Gateway, options.Value, metrics, timeProvider, logger);
        _validations = new(new MemoryCacheOptions { SizeLimit = MaxEntries, Clock = new SystemClockAdapter(timeProvider) });
    }

    /// <inheritdoc/>
    public ValueTask<TokenValidation> ValidateAsync(string token, Deadline deadline, CancellationToken aborted)
    {
        var key = Secret.KeyOf(token);
        if (_validations.TryGetValue(key, out TokenValidation? known))
        {
            return new(known!);
        }

        var ongoing = _ongoing.GetOrAdd(key, key => new(() => AskAsync(key, token)));
        return new(WaitAsync(ongoing.Value, deadline, aborted));
    }

    /// <summary>Has TheEye check a token anew if it has just refused it.</summary>
    public void ForgetIfUnauthorized(string? token, TheEyeReply reply)
    {
        if (token is not null && reply is TheEyeReply.Refused { Status: StatusCodes.Status401Unauthorized })
        {
            _validations.Remove(Secret.KeyOf(token));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _validations.Dispose();

    private static async Task<TokenValidation> WaitAsync(Task<TokenValidation> ongoing, Deadline deadline, CancellationToken aborted)
    {
        try
        {
            return await deadline.WaitAsync(ongoing, aborted);
        }
        catch (TimeoutException)
        {
            return new TokenValidation.Unavailable(Problems.TheEye.OfToken(new TheEyeReply.Failed(TheEyeFault.Slow)));
        }
    }

    private async Task<TokenValidation> AskAsync(string key, string token)
    {
        try
        {
            // For all requests that wait for it, whichever of them is aborted.
            var reply = await _http.SendAsync(HttpMethod.Get, "/api/session/profile", token, null, CancellationToken.None);
            var validation = ValidationOf(reply);
            if (validation is not TokenValidation.Unavailable)
            {
                using var entry = _validations.CreateEntry(key);
                entry.Value = validation;
                entry.Size = 1;
                entry.Priority = validation is TokenValidation.Valid ? CacheItemPriority.Normal : CacheItemPriority.Low;
                entry.AbsoluteExpirationRelativeToNow = validation is TokenValidation.Valid ? ValidFor : InvalidFor;
            }

            return validation;
        }
        finally
        {
            _ongoing.TryRemove(key, out _);
        }
    }

    private static TokenValidation ValidationOf(TheEyeReply reply) => reply switch
    {
        TheEyeReply.Ok ok when CallerOf(ok.Body) is { } caller => new TokenValidation.Valid(caller),
        TheEyeReply.Refused { Status: StatusCodes.Status401Unauthorized } => TokenValidation.Invalid.Instance,
        _ => new TokenValidation.Unavailable(Problems.TheEye.OfToken(reply)),
    };

    /// <returns>Null: this is no profile. A caller without a current customer may not ask for any customer.</returns>
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

                // TheEye itself decides in the end; a credential that is not known here counts as the least one.
                Credential = Enum.GetValues<Credential>().FirstOrDefault(
                    known => known.ToString().Equals(Text(document.RootElement, "credential"), StringComparison.OrdinalIgnoreCase)),
            };
        }
    }

    private static string? Text(JsonElement value, string name) =>
        JsonText.TryGetMember(value, name, out var member) ? JsonText.AsString(member) : null;
}
