using System.Net;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Limits;

/// <summary>How many bytes the jobs of a customer may take in the storage: 1 MiB of acme's.</summary>
public abstract class StoredBytesLimitTests(TestServer server) : IAsyncLifetime
{
    protected static readonly string[] Settings = ["--Limits:Jobs:Customers:acme:StoredBytes=1048576"];

    /// <summary>Prints an output of 300,000 bytes.</summary>
    private const string Large = """printf '["'; head -c 300000 /dev/zero | tr '\0' x; echo '"]'""";

    public Task InitializeAsync() => server.InitializeAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task A_customer_that_has_stored_too_much_is_told_so_and_its_stored_answers_stay()
    {
        var task = await server.ImportAsync(Large);
        var path = $"/acme/task/{task["id"]}/job";
        using var first = await server.SendAsync(HttpMethod.Post, path, headers: [("Idempotency-Key", "k")]);
        var calls = 0;
        HttpResponseMessage refused;
        do
        {
            refused = await server.SendAsync(HttpMethod.Post, path);
            Assert.True(++calls < 10, "The customer may store more than its quota.");
        }
        while (refused.StatusCode == HttpStatusCode.OK);

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal("\"stored-mebibytes\";q=1", refused.Headers.GetValues("RateLimit-Policy").Single());
        Assert.Contains("The customer's jobs may take 1 MiB in the storage", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var repeat = await server.SendAsync(HttpMethod.Post, path, headers: [("Idempotency-Key", "k")]);
        Assert.Equal((HttpStatusCode.OK, first.Headers.GetValues("Job-Id").Single()), (repeat.StatusCode, repeat.Headers.GetValues("Job-Id").Single()));
    }
}

public sealed class LocalStoredBytesLimitTests() : StoredBytesLimitTests(new Server())
{
    private sealed class Server : TestServer
    {
        protected override string[] Settings => StoredBytesLimitTests.Settings;
    }
}

public sealed class TheEyeStoredBytesLimitTests() : StoredBytesLimitTests(new Server())
{
    private sealed class Server : TheEyeTestServer
    {
        protected override string[] Settings => [.. base.Settings, .. StoredBytesLimitTests.Settings];
    }
}
