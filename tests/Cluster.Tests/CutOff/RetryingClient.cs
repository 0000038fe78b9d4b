using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.CutOff;

/// <summary>
/// A client that sends its call with a key to any gateway, is cut off at any moment, and goes on until it has a whole answer: it sends the call
/// again, or asks at the address that it was told.
/// </summary>
/// <param name="cluster">Where it calls.</param>
/// <param name="token">What it calls with.</param>
/// <param name="path">Of the call.</param>
/// <param name="judge">What a final answer of a round means.</param>
/// <param name="seen">How often each thing happened, in words.</param>
internal sealed class RetryingClient(
    ProcessCluster cluster, string token, string path, Func<Round, int, string, Verdict> judge, ConcurrentDictionary<string, int> seen)
{
    // Between what is told to be waited and a client that is too eager: the server may be asked at any time.
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private static readonly string[] Flags = ["", "?full", "?result", "?parse", "?parse=7"];
    private static readonly string[] Preferences = ["", "", "", "wait=1", "wait=0", "respond-async", "respond-async, wait=1"];

    /// <summary>Goes on until the round has its answer, or far too long.</summary>
    public async Task RunAsync(Round round, Random random)
    {
        using var limit = new CancellationTokenSource(Limit);
        string? location = null;
        try
        {
            for (var cuts = round.Cuts; ; cuts--)
            {
                var cut = cuts > 0 ? Cut.Any(random, round.Run) : null;
                if (random.Next(12) == 0)
                {
                    // A client that has not noticed yet that the other request is lost, or a proxy that has sent it twice.
                    var twin = new Random(random.Next());
                    await Task.WhenAll(AskAsync(round, null, Cut.Any(random, round.Run), twin, limit.Token), OnceAsync());
                }
                else
                {
                    await OnceAsync();
                }

                if (round.Verdict is not null)
                {
                    if (random.Next(10) == 0)
                    {
                        // What is answered once stays so.
                        await AskAsync(round, null, null, random, limit.Token);
                    }

                    return;
                }

                async Task OnceAsync() => location = await AskAsync(round, random.Next(2) == 0 ? location : null, cut, random, limit.Token);
            }
        }
        catch (OperationCanceledException)
        {
            round.Ended("given up");
        }
    }

    /// <summary>One request. Where to go on; null where the call is to be sent again.</summary>
    private async Task<string?> AskAsync(Round round, string? location, Cut? cut, Random random, CancellationToken limit)
    {
        Server[] alive = [.. cluster.Gateways.Where(gateway => gateway.IsUp)];
        var gateway = alive.Length > 0 ? alive[random.Next(alive.Length)] : cluster.Gateways[0];
        CutStream? connection = null;
        using var client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectCallback = async (context, cancellation) => connection = await ConnectAsync(context, cut, cancellation),
        });
        using var request = new HttpRequestMessage(
            location is null ? HttpMethod.Post : HttpMethod.Get,
            new Uri(gateway.Http.BaseAddress!, location ?? path + Flags[random.Next(Flags.Length)]));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (location is null)
        {
            request.Headers.Add("Idempotency-Key", random.Next(2) == 0 ? round.Key : $"\"{round.Key}\"");
            request.Content = new StringContent(round.Arguments, Encoding.UTF8, "application/json");
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
            Count(round, $"{request.Method} {status}", job);
            if (IsToGoOn(round, request.Method, status, body))
            {
                round.IsPromised |= location is null && status is (202 or 504);
                await Task.Delay(
                    status == 504 || random.Next(3) == 0 ? TimeSpan.Zero : Shorter(response.Headers.RetryAfter?.Delta ?? TimeSpan.Zero) * random.NextDouble(), limit);
                return response.Headers.Location?.OriginalString;
            }

            var verdict = status == 422 ? Verdict.OtherCall : judge(round, status, body);
            if (verdict != Verdict.Right || round.Verdict is null)
            {
                round.Answered(verdict, $"{status} {(body.Length > 1000 ? body[..1000] : body)}");
            }

            return null;
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            Count(round, connection?.IsCut == true ? $"cut {cut}" : connection is null ? "no gateway" : "a gateway has gone");
            await Task.Delay(random.Next(3) == 0 ? 0 : random.Next(60), limit);
            return location;
        }
    }

    private static TimeSpan Shorter(TimeSpan pause) => pause < LongestPause ? pause : LongestPause;

    /// <summary>The job goes on, or nothing is known of it yet, or nothing was run.</summary>
    private static bool IsToGoOn(Round round, HttpMethod method, int status, string body) => status switch
    {
        202 or 503 or 504 => true,
        404 => method == HttpMethod.Get && !round.IsPromised,
        502 => body.Contains("othing was run", StringComparison.Ordinal) && !round.IsPromised,
        _ => false,
    };

    private static async ValueTask<CutStream> ConnectAsync(SocketsHttpConnectionContext context, Cut? cut, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new(socket, cut);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Count(Round round, string what, string? job = null)
    {
        round.Ended(what, job);
        seen.AddOrUpdate(what, 1, static (_, count) => count + 1);
    }
}
