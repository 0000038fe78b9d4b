using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Hosting;
using SyncCluster.Silo;

if (args is ["token"])
{
    TokenCommand.Print(Console.Out);
    return 0;
}

if (args is ["health", var address])
{
    return await Health.ProbeAsync(address);
}

try
{
    await using var app = GatewayApp.Build(args);
    await app.RunAsync();
    return 0;
}
catch (OperationCanceledException)
{
    // Told to stop while it still waited for the cluster.
    return 0;
}
catch (OptionsValidationException invalid)
{
    await Console.Error.WriteLineAsync($"The server can't start: {string.Join(Environment.NewLine, invalid.Failures)}");
    return 1;
}
catch (IOException unusable)
{
    await Console.Error.WriteLineAsync($"The server can't start: {unusable.Message} Say where it shall listen with --urls http://127.0.0.1:PORT.");
    return 1;
}
