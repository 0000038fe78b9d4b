using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Harness;
using SyncCluster.Hosting;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>Three silos behind the gateways as the silo's program builds them, with what it serves over HTTP.</summary>
public class SiloProgramCluster : GatewayCluster
{
    public const string OperatorToken = "operator-token";

    private readonly List<WebApplication> _silos = [];

    internal IReadOnlyList<WebApplication> Silos => _silos;

    /// <summary>The silos' clock.</summary>
    internal ShiftedClock Clock { get; } = new();

    /// <summary>Replaces services of a silo.</summary>
    protected virtual void Replace(IServiceCollection services, int silo) => services.AddSingleton<TimeProvider>(Clock);

    protected override async Task StartSilosAsync()
    {
        var token = KeyValuePair.Create<string, string?>("Operator:TokenSha256", Convert.ToHexStringLower(Secret.Hash(OperatorToken)));
        var settings = CommandLine(ClusterSettings.Concat(SiloSettings).Append(token));
        for (var silo = 0; silo < 3; silo++)
        {
            var number = silo;
            var app = SyncCluster.Silo.Program.Build(settings, services => Replace(services, number));
            await app.StartAsync();
            _silos.Add(app);
        }
    }

    protected override async Task StopSilosAsync()
    {
        foreach (var silo in _silos)
        {
            await silo.StopAsync();
            await silo.DisposeAsync();
        }
    }
}
