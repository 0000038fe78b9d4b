using System.Runtime.Versioning;

namespace SyncCluster.Scripts.Tests;

/// <summary>How much a script can be given, by our own count and by the operating system's.</summary>
[SupportedOSPlatform("linux")]
public sealed class ArgumentLimitsTests : IDisposable
{
    private static readonly ArgumentLimits Limits = ArgumentLimits.OfThisMachine;
    private static readonly Dictionary<string, string> Nothing = [];

    private readonly TestRunner _scripts = new();

    public void Dispose() => _scripts.Dispose();

    [Fact]
    public async Task The_longest_argument_that_is_accepted_reaches_its_script_and_a_longer_one_does_not()
    {
        var longest = new string('x', Limits.Each - 1);
        Assert.Null(Limits.Excess([longest], Nothing));
        Assert.Equal($"{longest.Length}\n", (await _scripts.RunAsync("printf %s \"$1\" | wc -c", longest)).Log);

        Assert.Contains($"Argument 1 has {Limits.Each} bytes", Limits.Excess(["", longest + "x"], Nothing), StringComparison.Ordinal);
        Assert.Equal(ScriptEnd.NotStarted, (await _scripts.RunAsync("true", longest + "x")).End);
    }

    [Fact]
    public async Task The_most_arguments_that_are_accepted_reach_their_script()
    {
        string[] most = [.. Enumerable.Repeat(new string('x', 99_991), (int)(Limits.Total / 100_000) + 1)];
        while (Limits.Excess(most, Nothing) is not null)
        {
            most = most[1..];
        }

        Assert.NotEmpty(most);
        Assert.Equal($"{most.Length}\n", (await _scripts.RunAsync("echo $#", most)).Log);
        Assert.Contains("together", Limits.Excess([.. most, most[0]], Nothing), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_longest_variable_that_is_accepted_reaches_its_script_and_a_longer_one_does_not()
    {
        var longest = new Dictionary<string, string> { ["A"] = new string('x', Limits.Each - 26) };
        Assert.Null(Limits.Excess([], longest));
        var run = await _scripts.RunAsync(TestRunner.Command("printf %s \"$A\" | wc -c") with { Environment = longest });
        Assert.Equal($"{Limits.Each - 26}\n", run.Log);

        longest["A"] += "x";
        Assert.Contains("The variable A has", Limits.Excess([], longest), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_any_size_is_an_argument()
    {
        string[] file = ["data:;base64," + Convert.ToBase64String(new byte[Limits.Each])];

        Assert.Null(Limits.Excess(file, Nothing));
        Assert.Equal($"{Limits.Each}\n", (await _scripts.RunAsync("wc -c <$1", file)).Log);
        Assert.NotNull(Limits.Excess([file[0] + "!"], Nothing));
    }

    [Fact]
    public void Bytes_are_counted_and_not_characters() => Assert.NotNull(Limits.Excess([new string('é', Limits.Each / 2)], Nothing));

    [Theory]
    [InlineData(8UL << 20, 2 << 20)]
    [InlineData(ulong.MaxValue, 6 << 20)]
    [InlineData(0UL, 128 << 10)]
    public void All_together_may_take_a_quarter_of_the_stack(ulong stack, long total) => Assert.Equal(total, ArgumentLimits.OfStack(stack));
}
