using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Gateway.Auth;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>A silo that is told its network, and a gateway that finds it there.</summary>
public sealed class NetworkAddressTests
{
    [Theory]
    [InlineData("127.0.0.0/8", "127.0.0.1")]
    [InlineData("::1/128", "::1")]
    public async Task A_gateway_reaches_a_silo_at_its_address_in_the_network(string network, string address)
    {
        if (address.Contains(':', StringComparison.Ordinal) && !Socket.OSSupportsIPv6)
        {
            return;
        }

        using var redis = new RedisInProcess();
        string[] cluster = [$"--Cluster:Redis={redis.Address}", "--urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=Error", "--Logging:LogLevel:Orleans=Error"];
        await using var silo = SyncCluster.Silo.Program.Build([.. cluster, "--Cluster:SiloPort=0", "--Cluster:GatewayPort=0", $"--Cluster:Address={network}"]);
        await using var gateway = Program.Build([.. cluster, "--Demo:Folder=tasks"]);
        await silo.StartAsync();
        await gateway.StartAsync();
        Assert.Equal(IPAddress.Parse(address), silo.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress.Endpoint.Address);
        using var http = new HttpClient { BaseAddress = new Uri(gateway.Urls.Single()) };
        using var arguments = new StringContent("""["you"]""", Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(new Uri($"/demo/task/hello/job?access_token={DemoMode.UserToken}", UriKind.Relative), arguments);
        Assert.Equal("""["hello you"]""", await answer.Content.ReadAsStringAsync());
        await gateway.StopAsync();
        await silo.StopAsync();
    }
}
