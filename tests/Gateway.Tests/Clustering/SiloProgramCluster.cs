using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SyncCluster.Gateway.Tests.Logging;
using SyncCluster.Harness;
using SyncCluster.Hosting;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>Three silos behind the gateways as the silo's program builds them, with what it serves over HTTP.</summary>
public class SiloProgramCluster : GatewayCluster
{
    public const string OperatorToken = "operator-token";

    /// <summary>The silo that slows wrong tokens down.</summary>
    public const int StrictSilo = 2;

    private readonly List<WebApplication> _silos = [];

    internal IReadOnlyList<WebApplication> Silos => _silos;

    /// <summary>The silos' clock.</summary>
    internal ShiftedClock Clock { get; } = new();

    /// <summary>Replaces services of a silo.</summary>
    protected virtual void Replace(IServiceCollection services, int silo) => services.AddSingleton<TimeProvider>(Clock);

    /// <summary>Further settings of a silo.</summary>
    protected virtual string[] SettingsOf(int silo) => [];

    /// <summary>What the silos log.</summary>
    internal CapturedLog Log { get; } = new();

    private string Secrets => Path.Combine(Folder, "secrets");

    /// <summary>Changes the file that has the hash of the operator's token.</summary>
    /// <param name="token">The token; empty for a file that is empty.</param>
    public void SetOperatorToken(string token)
    {
        var path = Path.Combine(Secrets, "Operator__TokenSha256");
        File.WriteAllText(Path.Combine(Folder, "new-secret"), token.Length == 0 ? "" : Convert.ToHexStringLower(Secret.Hash(token)));
        File.Move(Path.Combine(Folder, "new-secret"), path, overwrite: true);
    }

    protected override async Task StartSilosAsync()
    {
        Directory.CreateDirectory(Secrets);
        SetOperatorToken(OperatorToken);
        Dictionary<string, string?> own = new() { ["Secrets:Folder"] = Secrets, ["Logging:LogLevel:SyncCluster.Audit"] = "Information" };
        var settings = CommandLine(ClusterSettings.Concat(SiloSettings).Concat(own));
        for (var silo = 0; silo < 3; silo++)
        {
            var number = silo;
            var limit = $"--Limits:FailedAuthentications={(silo == StrictSilo ? 3 : 0)}";
            var app = SyncCluster.Silo.Program.Build([.. settings, limit, .. SettingsOf(silo)], services => Replace(services, number));
            app.Services.GetRequiredService<ILoggerFactory>().AddProvider(Log);
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
