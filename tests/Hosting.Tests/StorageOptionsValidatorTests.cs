namespace SyncCluster.Hosting.Tests;

public sealed class StorageOptionsValidatorTests
{
    private readonly StorageOptionsValidator _validator = new();

    [Fact]
    public void The_defaults_are_valid() => Assert.True(_validator.Validate(null, new StorageOptions()).Succeeded);

    [Fact]
    public void Each_value_that_is_not_valid_has_a_message_of_its_own()
    {
        var options = new StorageOptions { Path = "", JobExpiry = TimeSpan.FromHours(12), EmbeddedLimit = 1024, RedisShare = 1.1, RedisMemory = -1 };
        var result = _validator.Validate(null, options);
        Assert.Equal(
            [
                "Storage:JobExpiry must be 13 hours or longer.",
                "Storage:Path must be a folder, or :memory: to keep nothing.",
                "Storage:EmbeddedLimit must be 1048576 bytes or more.",
                "Storage:RedisShare must be above 0 and at most 1.",
                "Storage:RedisMemory must be 0 or more.",
            ],
            result.Failures!);
    }

    [Fact]
    public void How_long_content_is_kept_is_between_ten_minutes_and_the_time_of_its_record()
    {
        var options = new StorageOptions
        {
            KeptJobs = -1,
            RemovalsPerSecond = 0,
            Customers =
            {
                ["acme"] = new()
                {
                    JobExpiry = TimeSpan.FromMinutes(9),
                    Tasks = { ["task"] = new() { JobExpiry = TimeSpan.FromHours(25), KeptJobs = -1 } },
                },
                ["globex"] = new()
                {
                    JobExpiry = TimeSpan.FromMinutes(10),
                    KeptJobs = 0,
                    Tasks = { ["task"] = new() { JobExpiry = TimeSpan.FromHours(24) } },
                },
            },
        };
        Assert.Equal(
            [
                "Storage:KeptJobs must be 0 or more.",
                "Storage:RemovalsPerSecond must be from 1 to 10000.",
                "Storage:Customers:acme:JobExpiry must be 10 minutes or longer: a call that is under way may still need the job's record.",
                "Storage:Customers:acme:Tasks:task:JobExpiry must not be longer than Storage:JobExpiry, after which the job's record expires.",
                "Storage:Customers:acme:Tasks:task:KeptJobs must be 0 or more.",
            ],
            _validator.Validate(null, options).Failures!);
    }
}
