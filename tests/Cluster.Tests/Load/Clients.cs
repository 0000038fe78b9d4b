using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.Load;

/// <summary>
/// The clients of one scenario. A client that knows its job's address goes on there, at whichever gateway lives, when it is told to or its gateway
/// dies; one that does not has an outcome that it can't know.
/// </summary>
internal sealed class Clients(ProcessCluster cluster)
{
    public const string NoGate = "-";

    // Between a gateway's death and the next gateway.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly string _prefix = Guid.NewGuid().ToString("N")[..8];
    private readonly ConcurrentQueue<Call> _calls = new();
    private int _count;

    public IReadOnlyCollection<Call> All => _calls;

    /// <summary>Runs a script and waits at the gateway.</summary>
    public Call Call(Server gateway, string gate = NoGate, double seconds = 0) => Begin(gateway, gateway, "traced", gate, seconds);

    /// <summary>A job that ends at once, without a script.</summary>
    public Call Echo(Server gateway) => Begin(gateway, gateway, "echo", NoGate, 0);

    /// <summary>Runs a script by way of the clerk, so that the job's address is known, and waits at the gateway.</summary>
    public Call Submit(Server gateway, string gate = NoGate, double seconds = 0) => Begin(cluster.Clerk, gateway, "traced", gate, seconds);

    /// <summary>One more that waits for a job whose address is known.</summary>
    public async Task<Call> JoinAsync(Call other, Server gateway)
    {
        var location = await other.Location;
        var call = new Call(other.Id, other.RunsScript, joins: true);
        call.Locate(location);
        call.Answer = FollowAsync(call, gateway, gateway, () => Get(location));
        _calls.Enqueue(call);
        return call;
    }

    /// <summary>What the server says of a job now.</summary>
    public async Task<string> LookAsync(Server gateway, string jobId)
    {
        using var request = Get($"/demo/job/{jobId}/result?full");
        using var response = await gateway.Http.SendAsync(request);
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>The status of the answer.</summary>
    public async Task<int> CancelAsync(Server gateway, string location)
    {
        using var request = Get(location.Split("/result")[0] + "/cancel");
        request.Method = HttpMethod.Put;
        using var response = await gateway.Http.SendAsync(request);
        return (int)response.StatusCode;
    }

    private Call Begin(Server first, Server then, string task, string gate, double seconds)
    {
        var call = new Call($"{_prefix}-{Interlocked.Increment(ref _count)}", task == "traced", joins: false);
        string[] arguments = task == "traced" ? [call.Id, gate, seconds.ToString(CultureInfo.InvariantCulture)] : [call.Id];
        var body = JsonSerializer.Serialize(arguments);
        call.Answer = FollowAsync(call, first, then, () => new(HttpMethod.Post, $"/demo/task/{task}/job?full")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        });
        _calls.Enqueue(call);
        return call;
    }

    private async Task<Answer> FollowAsync(Call call, Server first, Server then, Func<HttpRequestMessage> firstRequest)
    {
        var ask = firstRequest;
        for (var server = first; ;)
        {
            var process = server.Process.Id;
            try
            {
                using var request = ask();
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "demo-token");
                using var response = await server.Http.SendAsync(request, call.HungUp);
                var body = await response.Content.ReadAsStringAsync(call.HungUp);
                var status = (int)response.StatusCode;
                if (status == 503 && response.Headers.RetryAfter is null)
                {
                    return End(Outcome.Wrong, status, $"503 without Retry-After: {body}", null);
                }

                if (status is 503 or 504 && (response.Headers.Location is not null || call.Location.IsCompleted))
                {
                    if (response.Headers.Location is { } location)
                    {
                        call.Locate(location.OriginalString);
                    }

                    var address = await call.Location;
                    ask = () => Get(address);
                    server = then;
                    if (status == 503)
                    {
                        // As told: what was on its way to the job's grain has arrived or lapsed by then, so that a 404 is final.
                        call.PutOff++;
                        await Task.Delay(response.Headers.RetryAfter!.Delta!.Value, call.HungUp);
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
                ask = () => Get(address);
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

    private static HttpRequestMessage Get(string location)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, location);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "demo-token");
        return request;
    }

    private static Outcome Judge(Call call, int status, string body)
    {
        // 404 is what the address says that came with "it is not known whether the job was started", when it was not.
        if (status == 503 || (status == 404 && call.PutOff > 0 && !call.Joins))
        {
            return Outcome.Refused;
        }

        if (status is not (200 or 500) || !body.StartsWith("{\"id\":", StringComparison.Ordinal))
        {
            return Outcome.Wrong;
        }

        using var job = JsonDocument.Parse(body);
        var state = job.RootElement.GetProperty("state").GetString();
        var lifecycle = job.RootElement.GetProperty("lifecycle").GetString();
        var output = job.RootElement.GetProperty("output").GetRawText();
        return (status, lifecycle, state) switch
        {
            (200, "finished", "success") => output == $"[\"{call.Id}\"]" ? Outcome.Right : Outcome.Wrong,
            (500, "terminated", "failure") when output.Contains("The server that ran the job is gone.", StringComparison.Ordinal) => Outcome.Lost,
            (500, "terminated", "failure") when output.Contains("The server was stopped while the script ran.", StringComparison.Ordinal) => Outcome.Stopped,
            (500, "canceled" or "terminated", "canceled") => Outcome.Canceled,
            _ => Outcome.Wrong,
        };
    }
}
