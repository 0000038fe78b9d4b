using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Calls;

/// <summary>
/// The clients of one scenario. A client that knows the address of its job continues there when an answer tells it to, and at another gateway when
/// its own dies. The outcome of a client that does not know the address is unknown when its gateway dies.
/// </summary>
internal abstract class ScenarioClients(ClusterFixture cluster, string token)
{
    /// <summary>Between the death of a gateway and the request to another one.</summary>
    private static readonly TimeSpan FailoverDelay = TimeSpan.FromMilliseconds(200);

    private readonly string _prefix = Guid.NewGuid().ToString("N")[..8];
    private readonly ConcurrentQueue<Call> _calls = new();
    private int _count;

    public IReadOnlyCollection<Call> All => _calls;

    /// <summary>Makes a call with an id of its own at one gateway and, once the address of its job is known, waits for it at another.</summary>
    protected Call Start(Server first, Server then, string path, bool runsScript, Func<string, string[]> arguments)
    {
        var call = new Call($"{_prefix}-{Interlocked.Increment(ref _count)}", runsScript, attaches: false);
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
        var nextRequest = firstRequest;
        for (var server = first; ;)
        {
            var process = server.Process.Id;
            try
            {
                using var request = Authorized(nextRequest());
                using var response = await server.Http.SendAsync(request, call.Disconnected);
                var body = await response.Content.ReadAsStringAsync(call.Disconnected);
                var status = (int)response.StatusCode;
                if (status == 503 && response.Headers.RetryAfter is null)
                {
                    return End(Outcome.Wrong, status, $"503 without Retry-After: {body}", null);
                }

                if (MustRetry(call, response))
                {
                    if (response.Headers.Location is { } location)
                    {
                        call.SetLocation(location.OriginalString);
                    }

                    var address = await call.Location;
                    nextRequest = () => new(HttpMethod.Get, address);
                    server = then;
                    if (status != 504 && response.Headers.RetryAfter is { } later)
                    {
                        // After that time every message to the grain of the job has arrived or expired, so that a 404 is final.
                        call.Retries++;
                        await Task.Delay(later.Delta!.Value, call.Disconnected);
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
                nextRequest = () => new(HttpMethod.Get, address);
                then = server = cluster.Gateways.First(gateway => gateway != server);
                await Task.Delay(FailoverDelay);
            }
            catch (OperationCanceledException) when (call.Disconnected.IsCancellationRequested)
            {
                return End(Outcome.Disconnected, 0, "", null);
            }

            Answer End(Outcome outcome, int status, string body, string? jobId)
            {
                call.CancelLocation();
                return new(outcome, status, body, jobId, process, Stopwatch.GetTimestamp());
            }
        }
    }

    /// <summary>Whether the answer tells the client to ask again, and the client knows where.</summary>
    private static bool MustRetry(Call call, HttpResponseMessage response) => (int)response.StatusCode switch
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
