using Microsoft.Extensions.Options;

namespace SyncCluster.Execution.TheEye;

/// <inheritdoc/>
internal sealed class TheEyeOptionsValidator : IValidateOptions<TheEyeOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, TheEyeOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (!IsBaseAddress(options.Gateway))
        {
            result.AddError("TheEye:Gateway must be an http or https address without query, such as http://127.0.0.1:6080.");
        }

        if (!IsBaseAddress(options.Supervisor))
        {
            result.AddError("TheEye:Supervisor must be an http or https address without query, such as http://127.0.0.1:60080.");
        }

        if (CompletionListener.Read(options.Redis) is null)
        {
            result.AddError("TheEye:Redis is no connection string. It reads like `localhost:6379` or `redis.internal:6380,ssl=true,password=…`.");
        }

        if (options.RequestTimeout <= TimeSpan.Zero || options.RequestTimeout > TimeSpan.FromMinutes(10))
        {
            result.AddError("TheEye:RequestTimeout must be above 0 and at most 10 minutes.");
        }
        else if (options.SettleTime <= (2 * options.RequestTimeout) + JobReleaser.Window || options.SettleTime > TimeSpan.FromHours(1))
        {
            result.AddError("TheEye:SettleTime must be at least 4 s longer than twice TheEye:RequestTimeout, and at most an hour.");
        }

        if (options.PollInterval <= TimeSpan.Zero || options.PollInterval > TimeSpan.FromHours(1))
        {
            result.AddError("TheEye:PollInterval must be above 0 and at most an hour.");
        }

        if (options.DocumentLimit <= 0)
        {
            result.AddError("TheEye:DocumentLimit must be above 0 bytes.");
        }

        if (options.ServiceTokens.Values.Any(string.IsNullOrWhiteSpace))
        {
            result.AddError("TheEye:ServiceTokens: a token is empty.");
        }

        return result.Build();
    }

    private static bool IsBaseAddress(Uri address) =>
        address is { IsAbsoluteUri: true, Scheme: "http" or "https", Query: "", Fragment: "", UserInfo: "" };
}
