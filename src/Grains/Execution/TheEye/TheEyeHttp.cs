using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Polly.CircuitBreaker;
using Polly.Timeout;
using SyncCluster.Json;
using SyncCluster.Telemetry;

namespace SyncCluster.Execution.TheEye;

/// <summary>
/// Sends requests to one of TheEye's programs. A failure is returned as a reply; only a cancellation is thrown. Addresses contain tokens and secrets
/// and are never logged.
/// </summary>
internal sealed partial class TheEyeHttp(HttpClient http, Uri origin, ServerMetrics metrics, ILogger<TheEyeHttp> logger)
{
    private const int LongestMessage = 500;
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <summary>The program's base address, which may have a path.</summary>
    private readonly string _origin = origin.AbsoluteUri.TrimEnd('/');

    /// <param name="method">The method.</param>
    /// <param name="path">The path and query, escaped, beginning with a slash.</param>
    /// <param name="token">The token; null for none.</param>
    /// <param name="json">The body; null for none.</param>
    /// <param name="cancellation">Cancels the request.</param>
    /// <exception cref="OperationCanceledException">The request was canceled.</exception>
    public async Task<TheEyeReply> SendAsync(
        HttpMethod method, string path, string? token, ReadOnlyMemory<byte>? json, CancellationToken cancellation)
    {
        var reply = await TrySendAsync(method, path, token, json, cancellation);
        metrics.TheEyeAnswered(reply switch
        {
            TheEyeReply.Ok => "ok",
            TheEyeReply.Refused => "refused",
            TheEyeReply.Failed { Fault: TheEyeFault.Unreachable } => "unreachable",
            TheEyeReply.Failed { Fault: TheEyeFault.Slow } => "slow",
            TheEyeReply.Failed { Fault: TheEyeFault.TooLarge } => "too_large",
            _ => "broken",
        });
        return reply;
    }

    private async Task<TheEyeReply> TrySendAsync(
        HttpMethod method, string path, string? token, ReadOnlyMemory<byte>? json, CancellationToken cancellation)
    {
        var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        var address = new Uri($"{_origin}{path}{(token is null ? "" : $"{separator}access_token={Uri.EscapeDataString(token)}")}");
        using var request = new HttpRequestMessage(method, address) { Content = ContentOf(method, json) };
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellation);
            var read = await response.Content.ReadAsByteArrayAsync(cancellation);
            return ReplyOf((int)response.StatusCode, read);
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            var what = FaultOf(fault);
            if (fault is not BrokenCircuitException)
            {
                // The failures that opened the circuit were logged.
                LogFailed(what, fault.GetType().Name, (fault as HttpRequestException)?.HttpRequestError);
            }

            return new TheEyeReply.Failed(what);
        }
    }

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
        BrokenCircuitException => TheEyeFault.Unreachable,
        TimeoutRejectedException or OperationCanceledException or TimeoutException => TheEyeFault.Slow,
        _ when IsWithoutConnection(fault) => TheEyeFault.Unreachable,
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => TheEyeFault.TooLarge,
        _ => TheEyeFault.Broken,
    };

    /// <summary>Whether the request failed before there was a connection: it was not sent.</summary>
    public static bool IsWithoutConnection(Exception? fault) => fault is HttpRequestException
    {
        HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError,
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
