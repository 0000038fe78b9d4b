using System.Diagnostics;
using System.Globalization;
using OpenTelemetry.Trace;

namespace SyncCluster.Hosting.Telemetry;

/// <summary>
/// Decides once for a call, at the gateway, whether its trace is recorded: as <c>OTEL_TRACES_SAMPLER</c> says. All else that is done for the call
/// follows, on whichever server. What is done for no call is not recorded.
/// </summary>
/// <param name="root">Decides.</param>
/// <param name="callers">What a caller's own trace has to do with it.</param>
internal sealed class CallSampler(Sampler root, CallerSampling callers) : Sampler
{
    public const string Setting = "OTEL_TRACES_SAMPLER";
    private const string Argument = "OTEL_TRACES_SAMPLER_ARG";
    private const string ParentBased = "parentbased_";

    /// <summary>The sampler of the standard variables. One that is not known counts as none, as the standard has it.</summary>
    /// <param name="configuration">Has the variables.</param>
    /// <param name="trustsFlag">Whether the sampled flag of a caller is believed.</param>
    /// <param name="isKnown">Whether the variable names a sampler that there is.</param>
    public static CallSampler Of(IConfiguration configuration, bool trustsFlag, out bool isKnown)
    {
        var name = configuration[Setting]?.ToLowerInvariant() is { Length: > 0 } given ? given : $"{ParentBased}always_on";
        var isParentBased = name.StartsWith(ParentBased, StringComparison.Ordinal);
        Sampler? root = (isParentBased ? name[ParentBased.Length..] : name) switch
        {
            "always_on" => new AlwaysOnSampler(),
            "always_off" => new AlwaysOffSampler(),
            "traceidratio" => new TraceIdRatioBasedSampler(RatioOf(configuration[Argument])),
            _ => null,
        };
        isKnown = root is not null;
        return new(
            root ?? new AlwaysOnSampler(),
            !trustsFlag ? CallerSampling.Ignored : isParentBased || !isKnown ? CallerSampling.Flag : CallerSampling.TraceId);
    }

    /// <summary>
    /// The context of a new trace, for a request whose caller has none; null if it is not to be recorded: then nothing is started for it, since what is
    /// carried along costs each call.
    /// </summary>
    public ActivityContext? BeginTrace()
    {
        var trace = ActivityTraceId.CreateRandom();
        return IsRecorded(trace) ? new(trace, default, ActivityTraceFlags.Recorded) : null;
    }

    /// <inheritdoc/>
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        var parent = samplingParameters.ParentContext;
        return new(samplingParameters.Kind == ActivityKind.Server && parent.IsRemote ? IsRecordedOf(parent) : IsFlagged(parent));
    }

    private bool IsRecordedOf(ActivityContext caller) => callers switch
    {
        CallerSampling.Flag => IsFlagged(caller),
        CallerSampling.TraceId => IsRecorded(caller.TraceId),
        _ => IsRecorded(ActivityTraceId.CreateRandom()),
    };

    private bool IsRecorded(ActivityTraceId trace) =>
        root.ShouldSample(new SamplingParameters(default, trace, "", ActivityKind.Server)).Decision == SamplingDecision.RecordAndSample;

    private static bool IsFlagged(ActivityContext context) => context.TraceFlags.HasFlag(ActivityTraceFlags.Recorded);

    private static double RatioOf(string? argument) =>
        double.TryParse(argument, NumberStyles.Float, CultureInfo.InvariantCulture, out var ratio) && ratio is >= 0 and <= 1 ? ratio : 1;
}

/// <summary>What a caller's own trace has to do with whether its call is recorded.</summary>
internal enum CallerSampling
{
    /// <summary>Nothing: neither its flag nor its id, which the caller could choose as well.</summary>
    Ignored,

    /// <summary>Its flag decides.</summary>
    Flag,

    /// <summary>Its id decides, so that systems that sample the same share sample the same traces.</summary>
    TraceId,
}
