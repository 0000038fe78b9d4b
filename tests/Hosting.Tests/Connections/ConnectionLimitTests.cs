using SyncCluster.Hosting.Connections;

namespace SyncCluster.Hosting.Tests.Connections;

/// <summary>How many connections a process has by the files that it may have open.</summary>
public sealed class ConnectionLimitTests
{
    [Theory]
    [InlineData(null, 16_000, 8, 14_468)]
    [InlineData(null, 20_000, 8, 18_468)]
    [InlineData(null, 1_048_576, 8, 32_000)]
    [InlineData(100_000, 1_048_576, 8, 100_000)]
    [InlineData(100_000, 20_000, 8, 18_468)]
    [InlineData(500, 20_000, 8, 500)]
    [InlineData(null, 20_000, 2_000, 10_500)]
    [InlineData(null, 1_024, 8, 512)]
    [InlineData(null, null, 8, 32_000)]
    [InlineData(100_000, null, 8, 100_000)]
    public void A_reserve_of_files_is_kept_for_what_is_no_connection(int? configured, int? openFiles, int scripts, int connections) =>
        Assert.Equal(connections, ConnectionLimit.Of(configured, openFiles, scripts).Connections);

    [Fact]
    public void A_connection_whose_descriptor_is_in_the_second_half_of_the_reserve_is_one_too_many() =>
        Assert.Equal(16_000 - 766, ConnectionLimit.Of(null, 16_000, 8).Descriptors);

    [Fact]
    public void The_limit_of_this_process_is_known() => Assert.InRange(OpenFiles.Limit ?? int.MaxValue, 100, int.MaxValue);
}
