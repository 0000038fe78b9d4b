using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using SyncCluster.Json;
using SyncCluster.Telemetry;

namespace SyncCluster.Execution.TheEye;

/// <summary>
/// Sends requests to one of TheEye's programs. A failure is returned as a reply; only a cancellation is thrown. A read that soon fails, for a reason
/// that may pass, is repeated. While most requests find no connection, none is sent. Addresses contain tokens and secrets and are never logged.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The handler is the factory's. The invoker has nothing else to dispose of.")]
internal sealed partial class TheEyeHttp
{
    private const int LongestMessage = 500;

    /// <summary>How often a read is sent at most.</summary>
    private const int Reads = 3;

    /// <summary>The longest body, in bytes, that is read into an array of its announced length.</summary>
    private const int LongestReadAtOnce = 64 << 10;

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <summary>An <see cref="HttpClient"/> would add a time limit and a buffer, which each request has here already.</summary>
    private readonly HttpMessageInvoker _http;

    /// <summary>The program's base address, which may have a path.</summary>
    private readonly string _origin;

    private readonly TheEyeOptions _options;
    private readonly ServerMetrics _metrics;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<TheEyeHttp> _logger;
    private readonly ResiliencePipeline<HttpResponseMessage> _breaker;

    /// <param name="http">The handlers of the program's requests.</param>
    /// <param name="origin">The program's base address, which may have a path.</param>
    /// <param name="options">The limits of its answers.</param>
    /// <param name="metrics">Counts the answers.</param>
    /// <param name="timeProvider">The clock of the pauses, of the breaker, and of how long a read is repeated. The limit of a request is the machine's own.</param>
    /// <param name="logger">The log of requests that failed.</param>
    public TheEyeHttp(
        HttpMessageHandler http, Uri origin, TheEyeOptions options, ServerMetrics metrics, TimeProvider timeProvider, ILogger<TheEyeHttp> logger)
    {
        _http = new(http, disposeHandler: false);
        _origin = origin.AbsoluteUri.TrimEnd('/');
        _options = options;
        _metrics = metrics;
        _timeProvider = timeProvider;
        _logger = logger;
        _breaker = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = timeProvider }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
            {
                // A 5xx, or no answer in time, may be the fault of one task or caller, and must not block the others: TheEye does not answer whom a
                // task's access list refuses.
                ShouldHandle = attempt => new(attempt.Outcome.Exception is { } fault && FaultOf(fault) == TheEyeFault.Unreachable),
                FailureRatio = 0.5,
                MinimumThroughput = 20,
                SamplingDuration = TimeSpan.FromSeconds(10),
                BreakDuration = TimeSpan.FromSeconds(2),
            })
            .Build();
    }

    /// <param name="method">The method.</param>
    /// <param name="path">The path and query, escaped, beginning with a slash.</param>
    /// <param name="token">The token; null for none.</param>
    /// <param name="json">The body; null for none.</param>
    /// <param name="cancellation">Cancels the request.</param>
    /// <exception cref="OperationCanceledException">The request was canceled.</exception>
    public async Task<TheEyeReply> SendAsync(
        HttpMethod method, string path, string? token, ReadOnlyMemory<byte>? json, CancellationToken cancellation)
    {
        var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        var address = new Uri($"{_origin}{path}{(token is null ? "" : $"{separator}access_token={Uri.EscapeDataString(token)}")}");
        var begun = _timeProvider.GetTimestamp();
        var backoff = RetryPolicy.Read.NewBackoff();
        for (var tries = 1; ; tries++)
        {
            var (reply, repeatAfter) = await TrySendAsync(method, address, json, cancellation);
            if (method == HttpMethod.Get && tries < Reads && repeatAfter is { } asked)
            {
                var pause = backoff.Next();
                pause = asked > pause ? asked : pause;
                if (_timeProvider.GetElapsedTime(begun) + pause < _options.RequestTimeout)
                {
                    await Task.Delay(pause, _timeProvider, cancellation);
                    continue;
                }
            }

            _metrics.TheEyeAnswered(OutcomeOf(reply));
            return reply;
        }
    }

    /// <summary>Sends a request once.</summary>
    /// <returns>The reply, and after how long the same request may have another one; null if it has waited long enough, or will have the same.</returns>
    private async Task<(TheEyeReply Reply, TimeSpan? RepeatAfter)> TrySendAsync(
        HttpMethod method, Uri address, ReadOnlyMemory<byte>? json, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, address) { Content = ContentOf(method, json) };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true, limit.Token);
        try
        {
            limit.CancelAfter(_options.RequestTimeout);
            using var response = await _breaker.ExecuteAsync(
                static (context, state) => new ValueTask<HttpResponseMessage>(state._http.SendAsync(state.request, context.CancellationToken)),
                context,
                (_http, request));
            limit.CancelAfter(_options.RequestTimeout);
            var reply = ReplyOf((int)response.StatusCode, await ReadAsync(response.Content, limit.Token));
            return (reply, IsTransient(reply) ? PauseOf(response.Headers.RetryAfter) : null);
        }
        catch (BrokenCircuitException)
        {
            return (new TheEyeReply.Failed(TheEyeFault.Unreachable), null);
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            var what = FaultOf(fault);
            LogFailed(what, fault.GetType().Name, (fault as HttpRequestException)?.HttpRequestError ?? (fault as HttpIOException)?.HttpRequestError);
            var reply = new TheEyeReply.Failed(what);
            return (reply, IsTransient(reply) ? TimeSpan.Zero : null);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            throw new OperationCanceledException(cancellation);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private TimeSpan PauseOf(RetryConditionHeaderValue? retryAfter) => retryAfter switch
    {
        { Delta: { } pause } => pause,
        { Date: { } date } => date - _timeProvider.GetUtcNow(),
        _ => TimeSpan.Zero,
    };

    private async Task<byte[]> ReadAsync(HttpContent content, CancellationToken cancellation)
    {
        if (content.Headers.ContentLength is { } length && length <= LongestReadAtOnce && length <= _options.DocumentLimit)
        {
            var body = new byte[length];
            await using var stream = await content.ReadAsStreamAsync(cancellation);

            // A status without a body may announce a length. A body that is cut is an error of the stream.
            var read = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellation);
            return read == body.Length ? body : body[..read];
        }

        await content.LoadIntoBufferAsync(_options.DocumentLimit, cancellation);
        return await content.ReadAsByteArrayAsync(cancellation);
    }

    /// <summary>Whether the same request may soon have another reply. One that has had no answer in time has waited long enough.</summary>
    private static bool IsTransient(TheEyeReply reply) => reply is TheEyeReply.Failed { Fault: TheEyeFault.Unreachable }
        or TheEyeReply.Failed { Fault: TheEyeFault.Broken, Status: null or >= 500 }
        or TheEyeReply.Refused { Status: 408 or 429 };

    private static string OutcomeOf(TheEyeReply reply) => reply switch
    {
        TheEyeReply.Ok => "ok",
        TheEyeReply.Refused => "refused",
        TheEyeReply.Failed { Fault: TheEyeFault.Unreachable } => "unreachable",
        TheEyeReply.Failed { Fault: TheEyeFault.Slow } => "slow",
        TheEyeReply.Failed { Fault: TheEyeFault.TooLarge } => "too_large",
        _ => "broken",
    };

    /// <summary>
    /// Every request but a read has content, even if it is empty. Without content, the framework's client repeats a request by itself when a reused
    /// connection is closed without an answer, although the request may have been carried out (<c>HttpConnection</c>, <c>_canRetry</c>).
    /// </summary>
    private static ReadOnlyMemoryContent? ContentOf(HttpMethod method, ReadOnlyMemory<byte>? json)
    {
        if (method == HttpMethod.Get)
        {
            return null;
        }

        var content = new ReadOnlyMemoryContent(json ?? default);
        content.Headers.ContentType = json is null ? null : Json;
        return content;
    }

    private static TheEyeReply ReplyOf(int status, byte[] body) => status switch
    {
        >= 200 and < 300 => new TheEyeReply.Ok(body),
        >= 400 and < 500 => new TheEyeReply.Refused(status, MessageOf(body) ?? $"TheEye has refused the request with status {status}."),
        _ => new TheEyeReply.Failed(TheEyeFault.Broken) { Status = status },
    };

    private static TheEyeFault FaultOf(Exception fault) => fault switch
    {
        // The request failed before there was a connection: it was not sent. The framework's client tells so of its limit for connecting.
        OperationCanceledException { InnerException: TimeoutException } or HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError,
        } => TheEyeFault.Unreachable,
        OperationCanceledException or TimeoutException => TheEyeFault.Slow,
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => TheEyeFault.TooLarge,
        _ => TheEyeFault.Broken,
    };

    /// <summary>TheEye's own words: most refusals are a JSON string, some an object with a <c>message</c>.</summary>
    private static string? MessageOf(byte[] body)
    {
        if (!JsonText.TryParse(body, out var document))
        {
            return null;
        }

        using (document)
        {
            var message = document.RootElement;
            return (message.ValueKind == JsonValueKind.String || JsonText.TryGetMember(message, "message", out message))
                && JsonText.AsString(message) is { Length: > 0 } text
                ? text[..Math.Min(text.Length, LongestMessage)]
                : null;
        }
    }
}
