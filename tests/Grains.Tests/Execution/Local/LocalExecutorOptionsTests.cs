using Microsoft.Extensions.Options;
using SyncCluster.Execution.Local;

namespace SyncCluster.Grains.Tests.Execution.Local;

/// <summary>Which settings of the local executor are refused, and whose scripts run as which user.</summary>
public sealed class LocalExecutorOptionsTests
{
    [Fact]
    public void The_defaults_are_valid() => Assert.True(Validate(new()).Succeeded);

    [Theory]
    [InlineData("LocalExecutor:Users:low must", "low", 999)]
    [InlineData("LocalExecutor:Users:nobody must", "nobody", 65534)]
    [InlineData("LocalExecutor:Users:b is the user of a", "a", 20001, "b", 20001)]
    [InlineData("no customer", "a customer", 20001)]
    public void A_user_that_does_not_belong_to_one_customer_alone_is_refused(
        string message, string customer, int user, string? other = null, int otherUser = 0)
    {
        var options = new LocalExecutorOptions { Users = new() { [customer] = user } };
        if (other is not null)
        {
            options.Users[other] = otherUser;
        }

        Assert.Contains(message, Assert.Single(Validate(options).Failures!), StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_of_a_sandbox_without_a_sandbox_are_refused()
    {
        Assert.Contains("Sandbox=bubblewrap", Assert.Single(Validate(new() { SandboxNetwork = false }).Failures!), StringComparison.Ordinal);
        Assert.True(Validate(new() { Sandbox = ScriptSandbox.Bubblewrap, SandboxNetwork = false, SandboxPaths = ["/srv"] }).Succeeded);
        Assert.False(Validate(new() { Sandbox = ScriptSandbox.Bubblewrap, SandboxPaths = ["srv"] }).Succeeded);
    }

    [Fact]
    public void A_limit_that_no_program_could_run_with_is_refused()
    {
        var limits = new ScriptLimitOptions { FileSize = 1, Data = 1, Cpu = TimeSpan.Zero, Processes = 1 };

        Assert.Equal(4, Validate(new() { Limits = limits }).Failures!.Count());
        Assert.True(Validate(new() { Limits = new() { FileSize = 0, Data = 0, Processes = 0 } }).Succeeded);
    }

    [Fact]
    public void A_limit_of_jobs_that_no_job_could_run_with_or_that_no_group_keeps_is_refused()
    {
        var folder = "/sys/fs/cgroup/x";

        Assert.Equal(3, Validate(new() { Cgroup = new() { Folder = folder, Memory = 1, Processes = 1, Cpu = -1 } }).Failures!.Count());
        Assert.Single(Validate(new() { Cgroup = new() { Folder = folder, Cpu = double.NaN } }).Failures!);
        Assert.Single(Validate(new() { Cgroup = new() { Folder = "x" } }).Failures!);
        Assert.Contains("Cgroup:Folder", Assert.Single(Validate(new() { Cgroup = new() { Processes = 100 } }).Failures!), StringComparison.Ordinal);
        Assert.True(Validate(new() { Cgroup = new() { Folder = folder, Memory = 64 << 20, Processes = 100, Cpu = 0.5 } }).Succeeded);
    }

    [Theory]
    [InlineData("TZ", true)]
    [InlineData("https_proxy", true)]
    [InlineData("", false)]
    [InlineData("A B", false)]
    [InlineData("A;echo", false)]
    [InlineData("1A", false)]
    [InlineData("THEEYE_JOB", false)]
    [InlineData("SYNCCLUSTER_RUN", false)]
    public void Only_names_of_variables_are_passed_on_and_none_that_the_server_sets_itself(string name, bool isValid) =>
        Assert.Equal(isValid, Validate(new() { PassEnvironment = [name] }).Succeeded);

    [Fact]
    public void If_one_customer_has_a_user_the_scripts_of_a_customer_without_one_are_not_run()
    {
        var users = new CustomerUsers(Options.Create(new LocalExecutorOptions { Users = new() { ["acme"] = 20001 } }));

        Assert.True(users.TryFind("acme", out var user));
        Assert.Equal(20001, user);
        Assert.False(users.TryFind("globex", out _));
        Assert.False(users.TryFind("ACME", out _));
    }

    [Fact]
    public void Without_users_scripts_run_as_the_server()
    {
        Assert.True(new CustomerUsers(Options.Create(new LocalExecutorOptions())).TryFind("acme", out var user));
        Assert.Null(user);
    }

    private static ValidateOptionsResult Validate(LocalExecutorOptions options) => new LocalExecutorOptionsValidator().Validate(null, options);
}
