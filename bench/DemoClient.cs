using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench;

/// <summary>Calls tasks of the demonstration, with a connection for each call and no limit on how long one takes.</summary>
internal sealed class DemoClient : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>The address of a task's calls.</summary>
    public static Uri Address(Server gateway, string task) => new(gateway.Address!, $"/demo/task/{task}/job");

    /// <summary>The address of a job's result.</summary>
    public static Uri ResultAddress(Server gateway, string job) => new(gateway.Address!, $"/demo/job/{job}/result");

    public async Task<Answer> PostAsync(Server gateway, string task, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address(gateway, task))
        {
            Content = new StringContent("[]", Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "demo-token");
        using var response = await _http.SendAsync(request, stop);
        return new((int)response.StatusCode, await response.Content.ReadAsStringAsync(stop));
    }

    /// <summary>Makes calls so that code is compiled, and pools and connections are filled, before anything is measured.</summary>
    public async Task WarmUpAsync(BenchCluster cluster, int count, CancellationToken stop)
    {
        foreach (var gateway in cluster.Gateways)
        {
            var some = new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = stop };
            await Parallel.ForEachAsync(Enumerable.Range(0, count), some, async (number, token) =>
            {
                var answer = await PostAsync(gateway, number % 4 == 0 ? BenchTasks.Quick : BenchTasks.Dummy, token);
                if (answer.Status != 200)
                {
                    throw new InvalidOperationException($"A call to warm up was answered {answer}\n{gateway.Process.Tail}");
                }
            });
        }
    }

    /// <summary>How many requests wait, by the status of the gateways.</summary>
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

/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The whole body.</param>
internal sealed record Answer(int Status, string Body)
{
    public override string ToString() => $"{Status}: {Body}";
}
