using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using SyncCluster.Harness;
using SyncCluster.Hosting;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>The operator's endpoints of a silo. Real hosts, as the silo's program builds them, since a silo of TestingHost serves no HTTP.</summary>
public sealed class OperatorTests(SiloProgramCluster cluster) : IClassFixture<SiloProgramCluster>, IDisposable
{
    private readonly HttpClient _http = new();

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task An_operator_lists_unfinished_jobs_by_age_and_terminates_one()
    {
        using var gate = cluster.NewGate();
        var task = await cluster.GatedTaskAsync(gate);
        var calls = new List<Task<(int Status, string Body)>>();

        // As many as one silo runs at once, so that all run wherever they are placed.
        for (var call = 1; call <= GatewayCluster.Workers; call++)
        {
            calls.Add(cluster.CallAsync(call % 2, task));
            await Eventually.TrueAsync(() => gate.Runs().Length == call, "the job's script has started");
        }

        var listed = new List<string>();
        foreach (var silo in cluster.Silos)
        {
            using var response = await SendAsync(HttpMethod.Get, $"{silo.Urls.Single()}/jobs", SiloProgramCluster.OperatorToken);
            var jobs = JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsArray();
            Assert.All(jobs, job => Assert.Equal(
                ("demo", task, "assigned", 1),
                ((string)job!["customer"]!, (string)job["task_id"]!, (string)job["lifecycle"]!, (int)job["gateways"]!)));
            var ids = jobs.Select(job => (string)job!["id"]!).ToArray();
            Assert.Equal(ids.OrderBy(id => Array.IndexOf(gate.Runs(), id)), ids);
            listed.AddRange(ids);
        }

        Assert.Equal(gate.Runs().Order(), listed.Order());

        var ended = gate.Runs()[0];
        var address = $"{cluster.Silos[0].Urls.Single()}/jobs/demo/{ended}/terminate";
        using var terminated = await SendAsync(HttpMethod.Put, address, SiloProgramCluster.OperatorToken);
        Assert.Equal(HttpStatusCode.NoContent, terminated.StatusCode);
        var first = await await Task.WhenAny(calls);
        Assert.Equal(500, first.Status);
        Assert.Contains("An operator has ended the job.", first.Body, StringComparison.Ordinal);
        using var again = await SendAsync(HttpMethod.Put, address, SiloProgramCluster.OperatorToken);
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);

        gate.Open();
        Assert.Equal(calls.Count - 1, (await Task.WhenAll(calls)).Count(answer => answer.Status == 200));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("demo-token")]
    public async Task A_request_without_the_operators_token_is_refused(string? token)
    {
        var silo = cluster.Silos[0].Urls.Single();
        using var list = await SendAsync(HttpMethod.Get, $"{silo}/jobs", token);
        using var terminate = await SendAsync(HttpMethod.Put, $"{silo}/jobs/demo/eb0166d31d0c56015d131f8f/terminate", token);
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (list.StatusCode, terminate.StatusCode));
        Assert.Equal("Bearer", list.Headers.WwwAuthenticate.Single().Scheme);
        Assert.Equal("application/problem+json", list.Content.Headers.ContentType!.MediaType);
    }

    [Theory]
    [InlineData("demo/eb0166d31d0c56015d131f8f")]
    [InlineData("demo/not-a-job")]
    [InlineData("task/eb0166d31d0c56015d131f8f")]
    public async Task An_unknown_job_is_not_found(string job)
    {
        var address = $"{cluster.Silos[0].Urls.Single()}/jobs/{job}/terminate";
        using var response = await SendAsync(HttpMethod.Put, address, SiloProgramCluster.OperatorToken);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task The_health_of_a_silo_needs_no_token()
    {
        using var response = await SendAsync(HttpMethod.Get, $"{cluster.Silos[0].Urls.Single()}/health/ready", null);
        Assert.Equal("""{"status":"healthy"}""", await response.Content.ReadAsStringAsync());
        Assert.Equal(0, await Health.ProbeAsync(cluster.Silos[0].Urls.Single()));
        Assert.Equal(1, await Health.ProbeAsync("http://127.0.0.1:1"));
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string address, string? token)
    {
        using var request = new HttpRequestMessage(method, address);
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return await _http.SendAsync(request);
    }
}
