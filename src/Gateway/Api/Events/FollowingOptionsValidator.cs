using Microsoft.Extensions.Options;

namespace SyncCluster.Gateway.Api.Events;

/// <inheritdoc/>
internal sealed class FollowingOptionsValidator : IValidateOptions<FollowingOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, FollowingOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        Require(nameof(options.Heartbeat), options.Heartbeat);
        Require(nameof(options.SlowReader), options.SlowReader);
        Require(nameof(options.ShortestPause), options.ShortestPause);
        Require(nameof(options.LongestPause), options.LongestPause);
        if (options.ShortestPause > options.LongestPause)
        {
            result.AddError("Following:ShortestPause must not be longer than Following:LongestPause.");
        }

        return result.Build();

        void Require(string setting, TimeSpan time)
        {
            if (time <= TimeSpan.Zero || time > TimeSpan.FromHours(1))
            {
                result.AddError($"Following:{setting} must be above 0 and at most an hour.");
            }
        }
    }
}
