using SyncCluster.Hosting;

namespace SyncCluster.Gateway.Auth;

/// <summary>The <c>token</c> command: makes a token for a configured user.</summary>
internal static class TokenCommand
{
    /// <summary>What an operator types, in a container or without one.</summary>
    public static string HowToRun => Environment.GetEnvironmentVariable("DOTNET_RUNNING_IN_CONTAINER") == "true"
        ? "docker run --rm IMAGE token"
        : "dotnet run --project src/Gateway -- token";

    /// <returns>The exit code.</returns>
    public static Task<int> RunAsync(TextWriter output)
    {
        var token = Secret.New();
        output.WriteLine($"Token, for the user; it is not kept anywhere:  {token}");
        output.WriteLine($"TokenSha256, for the server's configuration:   {Convert.ToHexStringLower(Secret.Hash(token))}");
        return Task.FromResult(0);
    }
}
