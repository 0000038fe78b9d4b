using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Hosting.Tests.Clustering;

public sealed class RedisClusterOptionsTests
{
    /// <summary>The addresses of a machine; one of them is that of two interfaces.</summary>
    private static IPAddress[] Machine { get; } =
    [
        .. new[] { "127.0.0.1", "::1", "10.0.1.7", "10.0.1.7", "172.18.0.3", "192.168.3.4", "192.168.3.5", "fd00:1::7", "fd00:2::7" }
            .Select(IPAddress.Parse),
    ];

    [Fact]
    public void Without_the_section_there_is_no_cluster() => Assert.False(Read().IsCluster);

    [Fact]
    public void The_section_is_read()
    {
        var options = Read(("Redis", "localhost:6379"), ("Name", "blue"), ("SiloPort", "0"), ("GatewayPort", "65535"));
        Assert.True(options.IsCluster);
        Assert.Equal(("blue", 0, 65535), (options.Name, options.SiloPort, options.GatewayPort));
    }

    [Theory]
    [InlineData("Redis", "password=very-secret", "Cluster:Redis must be a connection string such as `localhost:6379`")]
    [InlineData("Redis", "localhost:6379,very-secret=1", "Cluster:Redis must be a connection string such as `localhost:6379`")]
    [InlineData("Name", "", "Cluster:Name must be 1 to 64 letters, digits, dots, hyphens or underscores.")]
    [InlineData("Name", "blue/state", "Cluster:Name must be 1 to 64 letters, digits, dots, hyphens or underscores.")]
    [InlineData("Name", "*", "Cluster:Name must be 1 to 64 letters, digits, dots, hyphens or underscores.")]
    [InlineData("SiloPort", "-1", "Cluster:SiloPort must be from 0 to 65535.")]
    [InlineData("GatewayPort", "65536", "Cluster:GatewayPort must be from 0 to 65535.")]
    public void A_value_that_is_not_valid_is_refused_with_what_to_set(string setting, string value, string message)
    {
        var refusal = Assert.Throws<OptionsValidationException>(() => Read((setting, value)));
        Assert.StartsWith(message, Assert.Single(refusal.Failures), StringComparison.Ordinal);
        Assert.DoesNotContain("very-secret", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.7", "10.0.0.7")]
    [InlineData("localhost", "127.0.0.1")]
    public void An_address_may_be_a_number_or_a_name(string address, string resolved) =>
        Assert.Equal(IPAddress.Parse(resolved), new RedisClusterOptions { Address = address }.ResolveAddress());

    [Theory]
    [InlineData("10.0.1.0/24", "10.0.1.7")]
    [InlineData("10.0.0.0/8", "10.0.1.7")]
    [InlineData("192.168.3.4/32", "192.168.3.4")]
    [InlineData("fd00:1::/64", "fd00:1::7")]
    [InlineData("127.0.0.0/8", "127.0.0.1")]
    [InlineData("::1/128", "::1")]
    public void Of_a_network_the_machines_address_in_it_is_taken(string network, string address) =>
        Assert.Equal(IPAddress.Parse(address), new RedisClusterOptions { Address = network }.ResolveAddress(Machine));

    [Theory]
    [InlineData("10.9.0.0/16", "no address in: it has 127.0.0.1, ::1, 10.0.1.7, 172.18.0.3, 192.168.3.4, 192.168.3.5, fd00:1::7, fd00:2::7.")]
    [InlineData("192.168.0.0/16", "several addresses in: set one of them, 192.168.3.4, 192.168.3.5, or a smaller network.")]
    [InlineData("fd00::/16", "several addresses in: set one of them, fd00:1::7, fd00:2::7, or a smaller network.")]
    [InlineData("10.0.1.0/33", "a network such as 10.1.0.0/16")]
    [InlineData("10.0.1.0/", "a network such as 10.1.0.0/16")]
    [InlineData("silo/24", "a network such as 10.1.0.0/16")]
    public void A_network_that_gives_not_one_address_is_refused_with_what_there_is(string network, string message)
    {
        var refusal = Assert.Throws<OptionsValidationException>(() => new RedisClusterOptions { Address = network }.ResolveAddress(Machine));
        Assert.StartsWith("Cluster:Address ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_machine_is_asked_for_its_addresses() =>
        Assert.Equal(IPAddress.Loopback, new RedisClusterOptions { Address = "127.0.0.0/8" }.ResolveAddress());

    [Fact]
    public void A_name_without_an_address_is_refused_with_what_to_set()
    {
        // No name may be longer than 255 characters, so no resolver is asked.
        var options = new RedisClusterOptions { Address = new string('a', 256) };
        var refusal = Assert.Throws<OptionsValidationException>(() => options.ResolveAddress());
        Assert.StartsWith("Cluster:Address must be an IP address or a host name that has one;", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("primary:6379,replica:6379", 3)]
    [InlineData("primary:6379,replica:6379,configCheckSeconds=30", 30)]
    public void The_primary_is_looked_for_every_3_s_unless_the_connection_string_says_otherwise(string redis, int seconds) =>
        Assert.Equal(seconds, Read(("Redis", redis)).ReadRedis()!.ConfigCheckSeconds);

    private static RedisClusterOptions Read(params (string Setting, string Value)[] values) => RedisClusterOptions.Of(new ConfigurationBuilder()
        .AddInMemoryCollection(values.Select(value => KeyValuePair.Create($"Cluster:{value.Setting}", (string?)value.Value)))
        .Build());
}
