using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Tests.Logging;
using SyncCluster.Harness;
using SyncCluster.Hosting;
using SyncCluster.Storage;

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

    [Fact]
    public async Task An_operator_removes_a_customers_ended_jobs_and_no_others()
    {
        using var gate = cluster.NewGate();
        var gated = await cluster.GatedTaskAsync(gate);
        var running = cluster.CallAsync(0, gated);
        var unfinished = await gate.FirstRunAsync();
        var ended = (await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => EndedJobAsync()))).ToList();
        var repeated = await EndedJobAsync("a-key");

        // The silos know what is stored when they have told each other.
        await Eventually.TrueAsync(() => cluster.Silos.All(silo => StoredBytesOf(silo) > 4 * 512), "all silos count the stored jobs");
        var before = cluster.Silos.Max(StoredBytesOf);

        var purge = await PurgeAsync("");
        Assert.Equal((0, true), ((int)purge["removed"]!, (bool)purge["complete"]!));
        Assert.InRange((int)purge["recent"]!, 4, int.MaxValue);

        foreach (var _ in ended)
        {
            purge = await PurgeLaterAsync("?limit=1");
            Assert.Equal((1, false), ((int)purge["removed"]!, (bool)purge["complete"]!));
            Assert.InRange((long)purge["bytes"]!, 512, long.MaxValue);
        }

        purge = await PurgeLaterAsync("");
        Assert.Equal((0, 0, true), ((int)purge["recent"]!, (int)purge["failed"]!, (bool)purge["complete"]!));
        Assert.InRange((int)purge["unfinished"]!, 1, int.MaxValue);
        Assert.InRange((int)purge["with_key"]!, 1, int.MaxValue);
        await Eventually.TrueAsync(() => cluster.Silos.All(silo => StoredBytesOf(silo) < before - (2 * 512)), "all silos count less");
        foreach (var job in ended)
        {
            Assert.Equal(404, (await cluster.AttachAsync(0, job)).Status);
        }

        // The call with a key is not run again.
        Assert.Equal(repeated, await EndedJobAsync("a-key"));
        gate.Open();
        Assert.Equal((200, $"""["{unfinished}"]"""), await running);

        purge = await PurgeLaterAsync("?keys=true");
        Assert.Equal((2, 0, true), ((int)purge["removed"]!, (int)purge["with_key"]!, (bool)purge["complete"]!));
    }

    [Fact]
    public async Task The_operators_token_is_replaced_without_a_restart_and_never_by_nothing()
    {
        cluster.SetOperatorToken("new-operator-token");
        await Eventually.TrueAsync(async () => await StatusOfAsync("new-operator-token") == HttpStatusCode.OK, "the new token counts");
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusOfAsync(SiloProgramCluster.OperatorToken));

        cluster.SetOperatorToken("");
        await Eventually.TrueAsync(
            () => cluster.Log.Events.Any(logged => logged.Level == LogLevel.Error && logged.Text.Contains("Operator:TokenSha256 is empty.", StringComparison.Ordinal)),
            "the change is refused");
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync("new-operator-token"));

        // For the other tests.
        cluster.SetOperatorToken(SiloProgramCluster.OperatorToken);
        foreach (var silo in cluster.Silos)
        {
            await Eventually.TrueAsync(async () => await StatusOfAsync(SiloProgramCluster.OperatorToken, silo) == HttpStatusCode.OK, "the first token counts again");
        }
    }

    [Fact]
    public async Task What_operators_do_is_in_the_audit_log_and_so_is_who_is_refused()
    {
        var task = await cluster.ImportAsync("sleep 60");
        var call = cluster.CallAsync(0, task);
        var job = "";
        await Eventually.TrueAsync(
            async () =>
            {
                foreach (var silo in cluster.Silos)
                {
                    using var listed = await SendAsync(HttpMethod.Get, $"{silo.Urls.Single()}/jobs", SiloProgramCluster.OperatorToken);
                    var jobs = JsonNode.Parse(await listed.Content.ReadAsStringAsync())!.AsArray();
                    job = (string?)jobs.FirstOrDefault(known => (string?)known!["task_id"] == task)?["id"] ?? job;
                }

                return job.Length > 0;
            },
            "the job is listed");
        var address = $"{cluster.Silos[0].Urls.Single()}/jobs/demo/{job}/terminate";
        using var refused = await SendAsync(HttpMethod.Put, address, "wrong-token");
        using var terminated = await SendAsync(HttpMethod.Put, address, SiloProgramCluster.OperatorToken);
        Assert.Equal(500, (await call).Status);

        await Eventually.TrueAsync(() => Events().Length == 2, "both are in the audit log");
        Assert.Equal(
            [("terminate", 401, "nothing", "demo", job), ("terminate", 204, "operator-token", "demo", job)],
            Events().OrderByDescending(logged => (int)logged.Values["Status"]!)
                .Select(logged => (
                    logged.Values["Action"],
                    (int)logged.Values["Status"]!,
                    logged.Values["By"],
                    logged.Values["Customer"],
                    logged.Values["Job"])));
        Assert.All(Events(), logged => Assert.Equal("127.0.0.1", logged.Values["Client"]));

        CapturedEvent[] Events() =>
            [.. cluster.Log.Events.Where(logged => logged.Category == "SyncCluster.Audit" && logged.Text.Contains(job, StringComparison.Ordinal))];
    }

    [Theory]
    [InlineData(null)]
    [InlineData("demo-token")]
    public async Task A_request_without_the_operators_token_is_refused(string? token)
    {
        var silo = cluster.Silos[0].Urls.Single();
        using var list = await SendAsync(HttpMethod.Get, $"{silo}/jobs", token);
        using var terminate = await SendAsync(HttpMethod.Put, $"{silo}/jobs/demo/eb0166d31d0c56015d131f8f/terminate", token);
        using var purge = await SendAsync(HttpMethod.Delete, $"{silo}/customers/demo/jobs", token);
        using var drain = await SendAsync(HttpMethod.Post, $"{silo}/drain", token);
        Assert.All([list, terminate, purge, drain], response => Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode));
        Assert.Equal("Bearer", list.Headers.WwwAuthenticate.Single().Scheme);
        Assert.Equal("application/problem+json", list.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task Wrong_tokens_of_one_address_are_slowed_down_and_the_operators_never()
    {
        var silo = cluster.Silos[SiloProgramCluster.StrictSilo];
        using var slowed = await UntilSlowedDownAsync(HttpMethod.Get, "/jobs");
        Assert.InRange(slowed.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(SiloProgramCluster.OperatorToken, silo));

        // It tells that a token is needed, and is not counted.
        using var without = await SendAsync(HttpMethod.Get, $"{silo.Urls.Single()}/jobs", null);
        Assert.Equal(HttpStatusCode.Unauthorized, without.StatusCode);

        using var purge = await UntilSlowedDownAsync(HttpMethod.Delete, "/customers/slowed/jobs");
        await Eventually.TrueAsync(() => Purges().Any(logged => (int)logged.Values["Status"]! == 429), "the refusal is in the audit log");
        Assert.All(Purges(), logged => Assert.Equal("nothing", logged.Values["By"]));

        // The tries that a client has come back with time.
        async Task<HttpResponseMessage> UntilSlowedDownAsync(HttpMethod method, string path)
        {
            for (var attempts = 1; ; attempts++)
            {
                var response = await SendAsync(method, $"{silo.Urls.Single()}{path}", "wrong-token");
                if (response.StatusCode == HttpStatusCode.TooManyRequests)
                {
                    return response;
                }

                Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
                Assert.InRange(attempts, 1, 10);
                response.Dispose();
            }
        }

        CapturedEvent[] Purges() => [.. cluster.Log.Events.Where(logged => logged.Category == "SyncCluster.Audit" && logged.Text.Contains("\"slowed\"", StringComparison.Ordinal))];
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
        await Eventually.TrueAsync(async () => await Health.ProbeAsync(cluster.Silos[0].Urls.Single()) == 0, "the probe is answered in its time");
        Assert.Equal(1, await Health.ProbeAsync("http://127.0.0.1:1"));
    }

    private static long StoredBytesOf(WebApplication silo) => silo.Services.GetRequiredService<StoredBytes>().Of("demo");

    /// <summary>Purges as if the jobs that have ended had done so minutes ago.</summary>
    private async Task<JsonNode> PurgeLaterAsync(string query)
    {
        var later = TimeSpan.FromMinutes(2);
        cluster.Clock.ForwardDate(later);
        try
        {
            return await PurgeAsync(query);
        }
        finally
        {
            cluster.Clock.ForwardDate(-later);
        }
    }

    private async Task<JsonNode> PurgeAsync(string query)
    {
        using var response = await SendAsync(
            HttpMethod.Delete, $"{cluster.Silos[0].Urls.Single()}/customers/demo/jobs{query}", SiloProgramCluster.OperatorToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
    }

    /// <summary>Runs a sample task; the job's id.</summary>
    private async Task<string> EndedJobAsync(string? key = null)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri(cluster.Gateway(0), $"/demo/task/hello/job?access_token={DemoMode.UserToken}"))
        {
            Content = new StringContent("""["world"]""", System.Text.Encoding.UTF8, "application/json"),
        };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        using var response = await _http.SendAsync(request);
        Assert.Equal("""["hello world"]""", await response.Content.ReadAsStringAsync());
        return response.Headers.GetValues("Job-Id").Single();
    }

    private async Task<HttpStatusCode> StatusOfAsync(string token, WebApplication? silo = null)
    {
        using var response = await SendAsync(HttpMethod.Get, $"{(silo ?? cluster.Silos[0]).Urls.Single()}/jobs", token);
        return response.StatusCode;
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
