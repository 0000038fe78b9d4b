using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Timeout;

namespace SyncCluster.Execution.TheEye;

/// <summary>What a process needs to talk to TheEye.</summary>
internal static class TheEyeServices
{
    /// <summary>Above what the calls of a busy silo need at once; more wait for a free one.</summary>
    private const int Connections = 512;

    /// <summary>Has TheEye run a silo's jobs.</summary>
    public static void AddTheEyeExecutor(this IServiceCollection services)
    {
        services.AddTheEye();
        services.AddSingleton<CompletionListener>();
        services.AddSingleton<SupervisorRequests>();
        services.AddSingleton<CompletionReporter>();
        services.AddSingleton<JobReleaser>();
        services.AddSingleton<JobChecker>();
        services.AddSingleton<JobMonitor>();
        services.AddExecutor<TheEyeExecutor>();
        services.AddOptions<HostOptions>().PostConfigure<IOptions<TheEyeOptions>>((host, options) =>
            host.ShutdownTimeout += JobReleaser.Window + options.Value.RequestTimeout);
    }

    /// <summary>The client of TheEye's supervisor. Once, although gateway and silo may share the process.</summary>
    public static void AddTheEye(this IServiceCollection services)
    {
        if (services.Any(service => service.ServiceType == typeof(SupervisorClient)))
        {
            return;
        }

        services.AddOptions<TheEyeOptions>().BindConfiguration(TheEyeOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<TheEyeOptions>, Check>();
        services.AddTheEyeClient(SupervisorClient.ClientName);
        services.AddSingleton<SupervisorClient>();
    }

    /// <summary>A client of one of TheEye's programs.</summary>
    public static void AddTheEyeClient(this IServiceCollection services, string name)
    {
        var client = services.AddHttpClient(name)
            .ConfigureHttpClient((provider, http) =>
            {
                var options = provider.GetRequiredService<IOptions<TheEyeOptions>>().Value;
                http.Timeout = 2 * options.RequestTimeout;
                http.MaxResponseContentBufferSize = options.DocumentLimit;
            })
            .UseSocketsHttpHandler((handler, _) =>
            {
                handler.AllowAutoRedirect = false;
                handler.AutomaticDecompression = DecompressionMethods.GZip;
                handler.MaxConnectionsPerServer = Connections;
                handler.UseCookies = false;

                // A name may come to mean another address.
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(2);
                handler.ActivityHeadersPropagator = null;
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)

            // They would log addresses, with tokens in them.
            .RemoveAllLoggers();
        client.AddResilienceHandler(name, (pipeline, context) =>
        {
            var options = context.ServiceProvider.GetRequiredService<IOptions<TheEyeOptions>>().Value;
            var retry = new HttpRetryStrategyOptions
            {
                MaxRetryAttempts = 2,
                Delay = TimeSpan.FromMilliseconds(100),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            };
            retry.DisableFor(HttpMethod.Post, HttpMethod.Put);

            // What fails is logged here; Polly's own word of each attempt costs more than the attempt's way through it.
            pipeline.TelemetryListener = null;
            pipeline
                .AddRetry(retry)
                .AddCircuitBreaker(new HttpCircuitBreakerStrategyOptions
                {
                    // A 5xx may be one task's own fault, and must not keep the others from theirs.
                    ShouldHandle = attempt => new(attempt.Outcome.Exception is TimeoutRejectedException or HttpRequestException
                    {
                        HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError,
                    }),
                    FailureRatio = 0.5,
                    MinimumThroughput = 20,
                    SamplingDuration = TimeSpan.FromSeconds(10),
                    BreakDuration = TimeSpan.FromSeconds(2),
                })
                .AddTimeout(options.RequestTimeout);
        });
    }

    private sealed class Check : IValidateOptions<TheEyeOptions>
    {
        public ValidateOptionsResult Validate(string? name, TheEyeOptions options) =>
            options.Fault is { } fault ? ValidateOptionsResult.Fail(fault) : ValidateOptionsResult.Success;
    }
}
