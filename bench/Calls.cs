using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace SyncCluster.Bench;

/// <summary>Calls tasks of the demonstration: a connection for each call that waits, and no limit on how long.</summary>
internal sealed class Calls : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };

    public async Task<(HttpStatusCode Status, string Body)> PostAsync(Server gateway, string task, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(gateway.Address!, $"/demo/task/{task}/job"))
        {
            Content = new StringContent("[]", Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "demo-token");
        using var response = await _http.SendAsync(request, stop);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(stop));
    }

    /// <summary>Some calls that end, so that what is compiled, pooled and opened once is there before anything is measured.</summary>
    public async Task WarmAsync(Servers servers, int count, CancellationToken stop)
    {
        foreach (var gateway in servers.Gateways)
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = stop }, async (number, token) =>
            {
                var (status, body) = await PostAsync(gateway, number % 4 == 0 ? BenchTasks.Quick : BenchTasks.Dummy, token);
                if (status != HttpStatusCode.OK)
                {
                    throw new InvalidOperationException($"A call to warm up was answered {(int)status}: {body}\n{gateway.Tail}");
                }
            });
        }
    }

    /// <summary>How many requests wait at these gateways, as they say.</summary>
    public async Task<int> WaitingAsync(IEnumerable<Server> gateways, CancellationToken stop)
    {
        var waiting = 0;
        foreach (var gateway in gateways)
        {
            using var status = JsonDocument.Parse(await _http.GetStringAsync(new Uri(gateway.Address!, "/api/status"), stop));
            waiting += status.RootElement.GetProperty("waiting").GetInt32();
        }

        return waiting;
    }

    public void Dispose() => _http.Dispose();
}
