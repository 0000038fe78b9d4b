using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.Load;

/// <summary>
/// The clients of one scenario. A client that knows its job's address goes on there, at whichever gateway lives, when it is told to or its gateway
/// dies; one that does not has an outcome that it can't know.
/// </summary>
internal abstract class Clients(ProcessCluster cluster, string token)
{
    // Between a gateway's death and the next gateway.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly string _prefix = Guid.NewGuid().ToString("N")[..8];
    private readonly ConcurrentQueue<Call> _calls = new();
    private int _count;

    public IReadOnlyCollection<Call> All => _calls;

    /// <summary>A call with an id of its own, sent to one gateway and, once its job's address is known, waited for at another.</summary>
    protected Call Begin(Server first, Server then, string path, bool runsScript, Func<string, string[]> arguments)
    {
        var call = new Call($"{_prefix}-{Interlocked.Increment(ref _count)}", runsScript, joins: false);
        var body = JsonSerializer.Serialize(arguments(call.Id));
        return Follow(call, first, then, () => new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") });
    }

    protected Call Follow(Call call, Server first, Server then, Func<HttpRequestMessage> firstRequest)
    {
        call.Answer = FollowAsync(call, first, then, firstRequest);
        _calls.Enqueue(call);
        return call;
    }

    protected HttpRequestMessage Get(string location) => Authorized(new(HttpMethod.Get, location));

    /// <summary>What a final answer means.</summary>
    protected abstract Outcome Judge(Call call, int status, string body);

    private async Task<Answer> FollowAsync(Call call, Server first, Server then, Func<HttpRequestMessage> firstRequest)
    {
        var ask = firstRequest;
        for (var server = first; ;)
        {
            var process = server.Process.Id;
            try
            {
                using var request = Authorized(ask());
                using var response = await server.Http.SendAsync(request, call.HungUp);
                var body = await response.Content.ReadAsStringAsync(call.HungUp);
                var status = (int)response.StatusCode;
                if (status == 503 && response.Headers.RetryAfter is null)
                {
                    return End(Outcome.Wrong, status, $"503 without Retry-After: {body}", null);
                }

                if (IsToBeAskedAgain(call, response))
                {
                    if (response.Headers.Location is { } location)
                    {
                        call.Locate(location.OriginalString);
                    }

                    var address = await call.Location;
                    ask = () => new(HttpMethod.Get, address);
                    server = then;
                    if (status != 504 && response.Headers.RetryAfter is { } later)
                    {
                        // As told: what was on its way to the job's grain has arrived or lapsed by then, so that a 404 is final.
                        call.PutOff++;
                        await Task.Delay(later.Delta!.Value, call.HungUp);
                    }

                    continue;
                }

                return End(Judge(call, status, body), status, body, response.Headers.TryGetValues("Job-Id", out var id) ? id.Single() : null);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                if (!call.Location.IsCompleted)
                {
                    return End(Outcome.Unknown, 0, e.ToString(), null);
                }

                var address = await call.Location;
                ask = () => new(HttpMethod.Get, address);
                then = server = cluster.Gateways.First(gateway => gateway != server);
                await Task.Delay(Pause);
            }
            catch (OperationCanceledException) when (call.HungUp.IsCancellationRequested)
            {
                return End(Outcome.HungUp, 0, "", null);
            }

            Answer End(Outcome outcome, int status, string body, string? jobId)
            {
                call.NoLocation();
                return new(outcome, status, body, jobId, process, Stopwatch.GetTimestamp());
            }
        }
    }

    /// <summary>Whether the client knows where to ask, and was told to.</summary>
    private static bool IsToBeAskedAgain(Call call, HttpResponseMessage response) => (int)response.StatusCode switch
    {
        503 or 504 => response.Headers.Location is not null || call.Location.IsCompleted,
        502 => response.Headers.RetryAfter is not null && call.Location.IsCompleted,
        _ => false,
    };

    private HttpRequestMessage Authorized(HttpRequestMessage request)
    {
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return request;
    }
}
