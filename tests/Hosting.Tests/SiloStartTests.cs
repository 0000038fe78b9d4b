using Microsoft.Extensions.Options;

namespace SyncCluster.Hosting.Tests;

/// <summary>A silo that can't start says what to set. None of these tests needs a Redis.</summary>
public sealed class SiloStartTests
{
    private const string Redis = "--Cluster:Redis=127.0.0.1:1";

    [Theory]
    [InlineData("--Cluster:Redis=", "A silo joins others over Redis: set Cluster:Redis (or Cluster__Redis in the environment)")]
    [InlineData("--Cluster:Redis=password=secret", "Cluster:Redis must be a connection string")]
    [InlineData("--Executor=Other", "Executor must be Local or TheEye, not `Other`.")]
    [InlineData("--Operator:TokenSha256=abc", "Operator:TokenSha256 must be the 64 hex digits that")]
    [InlineData("--Storage:JobExpiry=01:00:00", "Storage:JobExpiry must be 13 hours or longer.")]
    [InlineData("--LocalExecutor:Concurrency=0", "LocalExecutor:Concurrency must be from 1 to 4096.")]
    [InlineData("--Limits:Jobs:PerTask=-1", "Limits:Jobs:PerTask must be 0 or more.")]
    public async Task A_silo_does_not_start_with_a_setting_that_is_not_valid(string setting, string message)
    {
        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(async () =>
        {
            await using var silo = SyncCluster.Silo.Program.Build([Redis, "--urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=None", setting]);
            await silo.StartAsync();
        });
        Assert.StartsWith(message, Assert.Single(refusal.Failures), StringComparison.Ordinal);
    }
}
