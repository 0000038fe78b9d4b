using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.ConnectionLoss;

/// <summary>
/// A client that sends its call with a key to any gateway, loses its connection at any moment, and retries until it has a complete answer: it sends
/// the call again, or asks at the address of the job.
/// </summary>
/// <param name="cluster">The cluster that it calls.</param>
/// <param name="token">The access token of the calls.</param>
/// <param name="path">The path of the calls.</param>
/// <param name="judge">Tells what a final answer means.</param>
/// <param name="counts">Counts how requests have ended.</param>
internal sealed class RetryingClient(
    ClusterFixture cluster, string token, string path, Func<RetriedCall, int, string, Verdict> judge, ConcurrentDictionary<string, int> counts)
{
    /// <summary>Some clients wait for less than Retry-After says: the server must allow requests at any time.</summary>
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private static readonly string[] Flags = ["", "?full", "?result", "?parse", "?parse=7"];
    private static readonly string[] Preferences = ["", "", "", "wait=1", "wait=0", "respond-async", "respond-async, wait=1"];

    /// <summary>Retries until the call has its answer, for a minute and a half at most.</summary>
    public async Task RunAsync(RetriedCall call, Random random)
    {
        using var limit = new CancellationTokenSource(Limit);
        string? location = null;
        try
        {
            for (var breaks = call.Breaks; ; breaks--)
            {
                var moment = breaks > 0 ? ConnectionBreak.Next(random, call.Run) : null;
                if (random.Next(12) == 0)
                {
                    // As a client that has not noticed yet that its other request is lost, or a proxy that sends a request twice.
                    var twin = new Random(random.Next());
                    await Task.WhenAll(AskAsync(call, null, ConnectionBreak.Next(random, call.Run), twin, limit.Token), OnceAsync());
                }
                else
                {
                    await OnceAsync();
                }

                if (call.Verdict is not null)
                {
                    if (random.Next(10) == 0)
                    {
                        // The answer must stay the same.
                        await AskAsync(call, null, null, random, limit.Token);
                    }

                    return;
                }

                async Task OnceAsync() => location = await AskAsync(call, random.Next(2) == 0 ? location : null, moment, random, limit.Token);
            }
        }
        catch (OperationCanceledException)
        {
            call.AddAttempt("timed out");
        }
    }

    /// <summary>Sends one request; gives the address to ask next, or null where the call must be sent again.</summary>
    private async Task<string?> AskAsync(RetriedCall call, string? location, ConnectionBreak? moment, Random random, CancellationToken limit)
    {
        Server[] up = [.. cluster.Gateways.Where(gateway => gateway.IsUp)];
        var gateway = up.Length > 0 ? up[random.Next(up.Length)] : cluster.Gateways[0];
        BreakingStream? connection = null;
        using var client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectCallback = async (context, cancellation) => connection = await ConnectAsync(context, moment, cancellation),
        });
        using var request = new HttpRequestMessage(
            location is null ? HttpMethod.Post : HttpMethod.Get,
            new Uri(gateway.Address!, location ?? path + Flags[random.Next(Flags.Length)]));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (location is null)
        {
            request.Headers.Add("Idempotency-Key", random.Next(2) == 0 ? call.Key : $"\"{call.Key}\"");
            request.Content = new StringContent(call.Arguments, Encoding.UTF8, "application/json");
        }

        if (Preferences[random.Next(Preferences.Length)] is { Length: > 0 } preference)
        {
            request.Headers.Add("Prefer", preference);
        }

        try
        {
            using var response = await client.SendAsync(request, limit);
            var body = await response.Content.ReadAsStringAsync(limit);
            var job = response.Headers.TryGetValues("Job-Id", out var ids) ? ids.Single() : null;
            var status = (int)response.StatusCode;
            Count(call, $"{request.Method} {status}", job);
            if (MustContinue(call, request.Method, status, body))
            {
                call.JobExists |= location is null && status is (202 or 504);
                await Task.Delay(
                    status == 504 || random.Next(3) == 0 ? TimeSpan.Zero : Limited(response.Headers.RetryAfter?.Delta ?? TimeSpan.Zero) * random.NextDouble(), limit);
                return response.Headers.Location?.OriginalString;
            }

            var verdict = status == 422 ? Verdict.OtherCall : judge(call, status, body);
            if (verdict != Verdict.Right || call.Verdict is null)
            {
                call.SetAnswer(verdict, $"{status} {(body.Length > 1000 ? body[..1000] : body)}");
            }

            return null;
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            Count(call, connection?.IsBroken == true ? $"broken {moment}" : connection is null ? "no gateway" : "gateway died");
            await Task.Delay(random.Next(3) == 0 ? 0 : random.Next(60), limit);
            return location;
        }
    }

    private static TimeSpan Limited(TimeSpan delay) => delay < LongestDelay ? delay : LongestDelay;

    /// <summary>Whether the job is pending, unknown so far, or was not run.</summary>
    private static bool MustContinue(RetriedCall call, HttpMethod method, int status, string body) => status switch
    {
        202 or 503 or 504 => true,
        404 => method == HttpMethod.Get && !call.JobExists,
        502 => body.Contains("othing was run", StringComparison.Ordinal) && !call.JobExists,
        _ => false,
    };

    private static async ValueTask<BreakingStream> ConnectAsync(SocketsHttpConnectionContext context, ConnectionBreak? moment, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new(socket, moment);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Count(RetriedCall call, string what, string? job = null)
    {
        call.AddAttempt(what, job);
        counts.AddOrUpdate(what, 1, static (_, count) => count + 1);
    }
}
