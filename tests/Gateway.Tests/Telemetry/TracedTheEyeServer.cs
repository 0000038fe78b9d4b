using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness.Telemetry;

namespace SyncCluster.Gateway.Tests.Telemetry;

/// <summary>A server in front of TheEye that sends its spans to a receiver in this process.</summary>
/// <param name="settings">Its settings beside those.</param>
internal sealed class TracedTheEyeServer(params string[] settings) : TheEyeTestServer
{
    public OtlpReceiver Receiver { get; private set; } = null!;

    protected override string[] Settings => [.. base.Settings, .. Receiver.Settings, .. settings];

    public override async Task InitializeAsync()
    {
        Receiver = await OtlpReceiver.StartAsync();
        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await Receiver.DisposeAsync();
    }
}
